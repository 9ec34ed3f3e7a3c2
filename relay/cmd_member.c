/* cmd_member: asks the running relay, and says what it answered: as a table for people, or the JSON
 * as it came. May not know: Redis; what a change of a member means. */
#include "relay/cmd_member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/http_client.h"
#include "common/pure/json.h"
#include "relay/args.h"
#include "relay/config/config.h"
#include "relay/verbs.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

static const struct json_limits limits = {16, 10000000, 20000000};

/* --- asking
 * ---------------------------------------------------------------------------------------------------
 */

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

/* Loads the configuration for the socket's path alone. */
static int ask(const char *file, const char *method, const char *path, struct span body,
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

/* --- tables
 * ------------------------------------------------------------------------------------------------------
 */

static void print_field(const struct json *json, const char *name)
{
    struct span text = json_text(json_get(json, name));
    int64_t number;
    if (text.n)
        printf("%-10s %.*s\n", name, SPAN_ARG(text));
    else if (json_int(json_get(json, name), &number))
        printf("%-10s %lld\n", name, (long long)number);
}

static void print_followers(const struct json *list)
{
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *f = json_at(list, i);
        struct span back = json_text(json_get(f, "followBack"));
        bool told = span_eq_str(json_text(json_get(f, "style")), "litepub");
        printf("%-10s %.*s (%.*s%s%.*s)\n", "follower", SPAN_ARG(json_text(json_get(f, "actor"))),
               SPAN_ARG(json_text(json_get(f, "style"))), told ? ", follow back: " : "",
               told ? (int)back.n : 0, told ? back.p : "");
        printf("%-10s %.*s\n", "  inbox", SPAN_ARG(json_text(json_get(f, "inbox"))));
    }
}

static void print_member(const struct json *m)
{
    static const char *const names[] = {"host",   "state",    "zone",   "since",
                                        "until",  "software", "health", "delivery",
                                        "cursor", "failures", "status", "next"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        print_field(m, names[i]);
    print_followers(json_get(m, "followers"));
}

static void print_members(const struct json *json)
{
    const struct json *list = json_get(json, "members");
    printf("%-28s %-10s %-12s %-8s %s\n", "HOST", "STATE", "ZONE", "HEALTH", "UNTIL");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *m = json_at(list, i);
        printf("%-28.*s %-10.*s %-12.*s %-8.*s %.*s\n", SPAN_ARG(json_text(json_get(m, "host"))),
               SPAN_ARG(json_text(json_get(m, "state"))), SPAN_ARG(json_text(json_get(m, "zone"))),
               SPAN_ARG(json_text(json_get(m, "health"))),
               SPAN_ARG(json_text(json_get(m, "until"))));
    }
}

static void print_status(const struct json *json)
{
    static const char *const counts[] = {"idle", "sending", "ready", "waiting", "reading", "held"};
    print_field(json, "version");
    print_field(json, "url");
    printf("%-10s %s\n", "ready", json_flag(json_get(json, "ready"), false) ? "yes" : "no");
    print_field(json, "durability");
    print_field(json, "position");
    print_field(json, "lag");
    print_field(json, "direct");
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        int64_t n;
        if (json_int(json_get(json_get(json, "destinations"), counts[i]), &n))
            printf("%s %s %lld", i ? "," : "destinations", counts[i], (long long)n);
    }
    printf("\n");
}

static int report(int code, const struct bytes *answer, bool as_json,
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

/* --- verbs
 * --------------------------------------------------------------------------------------------------------
 */

static int usage(const char *word)
{
    struct bytes out;
    bytes_init(&out, 65536);
    help_usage(word, &out);
    fputs(bytes_str(&out), stderr);
    bytes_fini(&out);
    return EXIT_USAGE;
}

/* HOST may hold what a path can't: everything but letters, digits, dot, dash and colon is escaped.
 */
static void add_escaped(struct bytes *path, const char *host)
{
    for (const char *c = host; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr(".-:", *c);
        if (plain)
            bytes_add_char(path, *c);
        else
            bytes_addf(path, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

struct member_words {
    const char *file, *zone, *until, *host;
    bool as_json;
};

static int member_ask(const char *verb, const struct member_words *w)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    struct json_writer json;
    bool shows = strcmp(verb, "show") == 0;
    bool lists = strcmp(verb, "list") == 0;
    bytes_init(&path, 4096);
    bytes_init(&body, 4096);
    bytes_init(&answer, ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/members");
    if (!lists) {
        bytes_add_char(&path, '/');
        add_escaped(&path, w->host);
    }
    if (!lists && !shows) {
        bytes_addf(&path, "/%s", verb);
        json_begin(&json, &body);
        json_open(&json, '{');
        json_member(&json, "zone", span_of(w->zone));
        json_member(&json, "until", span_of(w->until));
        json_close(&json, '}');
    }
    int code =
        ask(w->file, lists || shows ? "GET" : "POST", bytes_str(&path), bytes_span(&body), &answer);
    code = report(code, &answer, w->as_json, lists ? print_members : print_member);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

int cmd_member(int argc, char **argv)
{
    static const char *const verbs[] = {"list",   "show",    "invite", "accept",
                                        "reject", "suspend", "resume", "remove"};
    struct member_words w = {0};
    const char *words[1] = {NULL};
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--zone", &w.zone, NULL},
                                {"--until", &w.until, NULL}};
    const char *verb = argc > 1 ? argv[1] : "";
    bool known = false;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        known = known || strcmp(verb, verbs[i]) == 0;
    if (!known)
        return usage("member");
    bool invites = strcmp(verb, "invite") == 0;
    size_t hosts = strcmp(verb, "list") == 0 ? 0 : 1;
    const struct args args = {items, invites ? 4 : 2, "", hosts, hosts};
    if (!args_read(&args, argc - 1, argv + 1, words))
        return usage("member");
    w.host = words[0];
    return member_ask(verb, &w);
}

static int simple(int argc, char **argv, const char *word, const char *method, const char *path,
                  void (*print)(const struct json *))
{
    const char *file = NULL;
    bool as_json = false;
    struct bytes answer;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return usage(word);
    bytes_init(&answer, ANSWER_MAX);
    int code = ask(file, method, path, SPAN_NONE, &answer);
    code = report(code, &answer, as_json, print);
    bytes_fini(&answer);
    return code;
}

int cmd_status(int argc, char **argv)
{
    return simple(argc, argv, "status", "GET", "/api/v1/status", print_status);
}

static void print_reloaded(const struct json *json)
{
    (void)json;
    printf("the relay goes on with the new configuration\n");
}

int cmd_reload(int argc, char **argv)
{
    return simple(argc - 1, argv + 1, "config reload", "POST", "/api/v1/reload", print_reloaded);
}
