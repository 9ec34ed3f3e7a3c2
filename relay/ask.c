/* ask: one call of the admin socket, and its answer.
 * May not know: what is asked for. */
#include "relay/ask.h"

#include <stdio.h>
#include <string.h>

#include "common/io/http_client.h"
#include "relay/config/config.h"
#include "relay/verbs.h"

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

/* The configuration is read for the socket's path alone. */
int ask_relay(const char *file, const char *method, const char *path, struct span body,
              struct bytes *answer)
{
    struct bytes why;
    struct config *config = NULL;
    int status = 0;
    const char *found = config_find(file);
    bytes_init(&why, CONFIG_WHY_MAX);
    if (!found)
        bytes_add_str(
            &why, "weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there\n");
    if (!found || config_load(found, &why, &config) != ERR_OK) {
        fputs(bytes_str(&why), stderr);
        bytes_fini(&why);
        return EXIT_REFUSED;
    }
    enum err e = http_unix_call(config->admin_socket, method, path, body, &status, answer);
    int code = e == ERR_OK && status < 300 ? 0 : e == ERR_OK ? EXIT_REFUSED : EXIT_UNREACHED;
    if (code == EXIT_UNREACHED)
        fprintf(stderr, "weir: the relay can't be reached at %s: is it running?\n",
                config->admin_socket);
    else if (code)
        print_problem(answer, status);
    config_free(&config);
    bytes_fini(&why);
    return code;
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

void ask_print_field(const struct json *json, const char *name)
{
    struct span text = json_text(json_get(json, name));
    int64_t number;
    if (text.n)
        printf("%-10s %.*s\n", name, SPAN_ARG(text));
    else if (json_int(json_get(json, name), &number))
        printf("%-10s %lld\n", name, (long long)number);
}
