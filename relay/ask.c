/* ask: one call of the admin socket, and its answer.
 * May not know: what is asked for. */
#include "relay/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/http_client.h"
#include "relay/config/config.h"
#include "relay/verbs.h"

enum { ASK_REASON_MAX = 1 << 20 };

static const struct json_limits limits = {16, 10000000, 20000000};

static void print_problem(const struct bytes *answer, int status)
{
    struct json *json = NULL;
    if (json_read(bytes_span(answer), &limits, &json) == ERR_OK) {
        struct span detail = json_text(json_get(json, "detail"));
        fprintf(stderr, "weir: %.*s: %.*s", SPAN_ARG(json_text(json_get(json, "code"))),
                SPAN_ARG(json_text(json_get(json, "title"))));
        if (detail.n)
            fprintf(stderr, " (%.*s)", SPAN_ARG(detail));
        fputc('\n', stderr);
    } else {
        fprintf(stderr, "weir: the relay answered with status %d\n", status);
    }
    json_free(&json);
}

/* The path of the relay's socket, the caller's; NULL: said why. The configuration is read for it
 * alone. */
static char *socket_of(const char *file)
{
    struct bytes why;
    struct config *config = NULL;
    char *path = NULL;
    const char *found = config_find(file);
    bytes_init(&why, CONFIG_WHY_MAX);
    if (!found)
        bytes_add_str(
            &why, "weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there\n");
    if (found && config_load(found, &why, &config) == ERR_OK)
        path = mem_copy(span_of(config->admin_socket));
    else
        fputs(bytes_str(&why), stderr);
    config_free(&config);
    bytes_fini(&why);
    return path;
}

int ask_relay(const char *file, const char *method, const char *path, struct span body,
              struct bytes *answer)
{
    int status = 0;
    char *socket = socket_of(file);
    if (!socket)
        return EXIT_REFUSED;
    enum err e = http_unix_call(socket, method, path, body, &status, answer);
    int code = e == ERR_OK && status < 300 ? 0 : e == ERR_OK ? EXIT_REFUSED : EXIT_UNREACHED;
    if (code == EXIT_UNREACHED)
        fprintf(stderr, "weir: the relay %s at %s%s\n",
                e == ERR_CONNECT ? "can't be reached" : "does not answer", socket,
                e == ERR_CONNECT ? ": is it running?" : "");
    else if (code)
        print_problem(answer, status);
    free(socket);
    return code;
}

int ask_quietly(const char *file, const char *path, int *ret_status, struct bytes *answer)
{
    char *socket = socket_of(file);
    if (!socket)
        return EXIT_REFUSED;
    enum err e = http_unix_call(socket, "GET", path, SPAN_NONE, ret_status, answer);
    free(socket);
    return e == ERR_OK ? 0 : EXIT_UNREACHED;
}

int ask_report(int code, const struct bytes *answer, bool as_json,
               void (*print)(const struct json *))
{
    struct json *json = NULL;
    if (code)
        return code;
    if (as_json)
        printf("%s\n", bytes_str(answer));
    else if (json_read(bytes_span(answer), &limits, &json) == ERR_OK)
        print(json);
    json_free(&json);
    return 0;
}

int ask_usage(const char *word)
{
    struct bytes out;
    bytes_init(&out, 65536);
    help_usage(word, &out);
    fputs(bytes_str(&out), stderr);
    bytes_fini(&out);
    return EXIT_USAGE;
}

int ask_wrong(const char *word, const char *what, const char *about)
{
    fprintf(stderr, "weir: %s%s%s\n", what, about ? " " : "", about ? about : "");
    return ask_usage(word);
}

void ask_reason(const char *reason, struct bytes *ret)
{
    struct json_writer w;
    bytes_init(ret, ASK_REASON_MAX);
    if (!reason)
        return;
    json_begin(&w, ret);
    json_open(&w, '{');
    json_member(&w, "reason", span_of(reason));
    json_close(&w, '}');
}

void ask_escape(struct bytes *path, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr(".-:@", *c);
        if (plain)
            bytes_add_char(path, *c);
        else
            bytes_addf(path, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

struct span ask_text(const struct json *json, const char *name)
{
    return json_text(json_get(json, name));
}

int64_t ask_number(const struct json *json, const char *name)
{
    int64_t n = 0;
    json_int(json_get(json, name), &n);
    return n;
}

void ask_print_text(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool steers = c < ' ' || c == 0x7f ||
                      (c == 0xc2 && i + 1 < text.n && /* U+0080 to U+009F */
                       (unsigned char)text.p[i + 1] < 0xa0);
        putchar(steers ? '?' : c);
    }
}

void ask_print_field(const struct json *json, const char *name)
{
    struct span text = json_text(json_get(json, name));
    int64_t number;
    if (text.n) {
        printf("%-10s ", name);
        ask_print_text(text);
        putchar('\n');
    } else if (json_int(json_get(json, name), &number)) {
        printf("%-10s %lld\n", name, (long long)number);
    }
}

void ask_print_ordered(const struct ask_ordered *ordered)
{
    struct bytes out;
    struct json_writer json;
    bytes_init(&out, 4096);
    json_begin(&json, &out);
    json_open(&json, '{');
    json_member(&json, ordered->name, span_of(ordered->about));
    json_member(&json, "order", span_of(ordered->order));
    json_member_int(&json, "line", ordered->line);
    if (ordered->after >= 0)
        json_member_int(&json, "after", ordered->after);
    json_member(&json, "outcome", span_of(ordered->outcome));
    json_close(&json, '}');
    printf("%s\n", bytes_str(&out));
    bytes_fini(&out);
}

void ask_print_open(const char *about, int64_t line)
{
    printf("%s: ordered (line %" PRId64 "), not carried out yet\n", about, line);
}

struct span ask_title(struct span code)
{
    enum err e = err_by_code(code);
    return e == ERR_COUNT ? code : span_of(err_title(e));
}
