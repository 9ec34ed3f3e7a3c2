/* cmd_explain: reads the configuration and one activity, and prints the verdict; of a relay that
 * runs it asks what is frozen, and does without where none does. What was accepted (a URL) the
 * running relay explains itself. May not know: how the verdict is
 * come to. */
#include "relay/cmd_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/uri.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/input.h"
#include "relay/verdict.h"

enum { EXIT_DONE };
enum {
    BODY_MAX = 1 << 16,
    EXPLAIN_MAX = 1 << 25
}; /* every rule on both sides, and why it did not match */

static const char usage[] =
    "usage: weir explain ACTIVITY.json --from HOST [--to HOST|ZONE] [-c FILE] [--json]\n"
    "       weir explain URL [--from HOST] [--to HOST|ZONE] [-c FILE] [--json]\n";

struct request {
    const char *file, *from, *to, *config;
    bool json;
};

static int show(const struct request *r, const struct verdict_ask *ask)
{
    struct ruling verdict;
    struct bytes out;
    bytes_init(&out, EXPLAIN_MAX);
    verdict_make(ask, &verdict);
    if (r->json) {
        verdict_write_json(&verdict, &out);
        bytes_add_char(&out, '\n');
    } else {
        verdict_write(&verdict, &out);
    }
    fwrite(bytes_str(&out), 1, out.n, stdout);
    bytes_fini(&out);
    verdict_fini(&verdict);
    return verdict.may ? EXIT_DONE : EXIT_REFUSED;
}

/* A zone's name stands for the zone, also where a host could be called so. */
static bool target_read(const char *given, char host[URI_AUTHORITY_SIZE], struct verdict_ask *ret)
{
    const struct policy *policy = &ret->config->policy;
    int zone = given ? policy_zone_by_name(policy, span_of(given)) : -1;
    if (zone >= 0)
        ret->in = &policy->zones[zone];
    else if (given)
        ret->to = host;
    return !ret->to || uri_authority(span_of(given), ret->config->https, host);
}

/* What a relay that runs says is frozen. False: none does, or it does not say. */
static bool read_freezes(const struct request *r, struct freezes *ret)
{
    static const struct json_limits limits = {8, 4096, 8192};
    struct bytes answer;
    struct json *json = NULL;
    int status = 0;
    bytes_init(&answer, ASK_ANSWER_MAX);
    bool ok = ask_quietly(r->config, "/api/v1/freezes", &status, &answer) == 0 && status == 200 &&
              json_read(bytes_span(&answer), &limits, &json) == ERR_OK;
    const struct json *list = json_get(json, "freezes");
    *ret = (struct freezes){.n = 0};
    for (size_t i = 0; ok && i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct freeze freeze;
        ok = freeze_boundary_read(ask_text(row, "boundary"), &freeze) &&
             date_iso_read(ask_text(row, "since"), &freeze.since_ms) &&
             span_copy(ask_text(row, "who"), freeze.who, sizeof(freeze.who)) &&
             span_copy(ask_text(row, "reason"), freeze.reason, sizeof(freeze.reason)) &&
             freezes_add(ret, &freeze);
    }
    json_free(&json);
    bytes_fini(&answer);
    return ok;
}

static int explain(const struct request *r, const struct config *config)
{
    char from[URI_AUTHORITY_SIZE], to[URI_AUTHORITY_SIZE];
    struct json *json = NULL;
    struct activity *activity = mem_new(sizeof(*activity));
    struct verdict_ask ask = {
        .config = config, .activity = activity, .now_ms = clock_wall_ms(), .from = from};
    struct bytes text;
    struct freezes *freezes = mem_new(sizeof(*freezes));
    const char *why;
    int code = EXIT_REFUSED;
    if (!uri_authority(span_of(r->from), config->https, from) || !target_read(r->to, to, &ask)) {
        fprintf(stderr, "weir: --from takes HOST or HOST:PORT, --to likewise, or a zone's name\n%s",
                usage);
        free(activity);
        free(freezes);
        return EXIT_USAGE;
    }
    bytes_init(&text, (size_t)config->set.limits_body);
    if (!input_file(r->file, &text, &why)) {
        fprintf(stderr, "weir: %s: %s\n", r->file, why);
    } else {
        enum err e = input_activity(config, bytes_span(&text), &json, activity);
        ask.bytes = text.n;
        ask.known.freezes = read_freezes(r, freezes) ? freezes : NULL;
        if (e == ERR_OK)
            code = show(r, &ask);
        else
            fprintf(stderr, "weir: %s: %s: %s\n", r->file, err_code(e), err_title(e));
    }
    bytes_fini(&text);
    json_free(&json);
    free(activity);
    free(freezes);
    return code;
}

/* --- by the running relay --------------------------------------------------------------------- */

static int ask_explain(const struct request *r, const char *form, struct bytes *answer)
{
    struct bytes body;
    struct json_writer w;
    bytes_init(&body, BODY_MAX);
    json_begin(&w, &body);
    json_open(&w, '{');
    json_member(&w, "url", span_of(r->file));
    json_member(&w, "from", span_of(r->from));
    json_member(&w, "to", span_of(r->to));
    json_member(&w, "form", span_of(form));
    json_close(&w, '}');
    int code = ask_relay(r->config, "POST", "/api/v1/policy/explain", bytes_span(&body), answer);
    bytes_fini(&body);
    return code;
}

/* What was accepted, by its id; the relay knows the rest. */
static int explain_url(const struct request *r)
{
    static const struct json_limits limits = {16, 1000000, 2000000};
    struct bytes answer;
    struct json *json = NULL;
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_explain(r, "json", &answer);
    if (!code && r->json)
        printf("%s\n", bytes_str(&answer));
    if (!code && json_read(bytes_span(&answer), &limits, &json) == ERR_OK &&
        !json_flag(json_get(json, "allow"), false))
        code = EXIT_REFUSED;
    if (json && !r->json) {
        bytes_clear(&answer);
        int again = ask_explain(r, "text", &answer);
        code = again ? again : code;
        if (!again)
            fwrite(bytes_str(&answer), 1, answer.n, stdout);
    }
    json_free(&json);
    bytes_fini(&answer);
    return code;
}

int cmd_explain(int argc, char **argv)
{
    struct request r = {0};
    const struct arg items[] = {{"--from", &r.from, NULL},
                                {"--to", &r.to, NULL},
                                {"-c", &r.config, NULL},
                                {"--json", NULL, &r.json}};
    const struct args args = {items, 4, usage, 1, 1};
    if (!args_read(&args, argc, argv, &r.file))
        return EXIT_USAGE;
    if (strstr(r.file, "://"))
        return explain_url(&r);
    if (!r.from) {
        fprintf(stderr, "weir: --from is missing: the host that signs\n%s", usage);
        return EXIT_USAGE;
    }
    struct config *config = input_config(r.config);
    int code = config ? explain(&r, config) : EXIT_REFUSED;
    config_free(&config);
    return code;
}
