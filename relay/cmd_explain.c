/* cmd_explain: reads the configuration and one activity, and prints the verdict.
 * May not know: a running relay. */
#include "relay/cmd_explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "relay/args.h"
#include "relay/verdict.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_WRONG_USE };
enum { EXPLAIN_MAX = 1 << 25 }; /* every rule on both sides, and why it did not match */

static const char usage[] =
    "usage: weir explain ACTIVITY.json --from HOST [--to HOST|ZONE] [-c FILE] [--json]\n";

struct request {
    const char *file, *from, *to, *config;
    bool json;
};

static bool failed(const char *path, const char *why)
{
    fprintf(stderr, "weir: %s: %s\n", path, why);
    return false;
}

/* All of the file, or of standard input for `-`; at most what the inbox takes. */
static bool file_read(const char *path, struct bytes *out)
{
    bool input = strcmp(path, "-") == 0;
    FILE *file = input ? stdin : fopen(path, "re");
    char chunk[8192];
    size_t n;
    if (!file)
        return failed(path, strerror(errno));
    do {
        n = fread(chunk, 1, sizeof(chunk), file);
        bytes_add(out, (struct span){chunk, n});
    } while (n == sizeof(chunk) && !out->over);
    bool bad = ferror(file) != 0;
    int reason = errno;
    if (!input)
        (void)fclose(file);
    if (bad)
        return failed(path, strerror(reason));
    return !out->over || failed(path, err_title(ERR_TOO_LARGE));
}

static struct config *config_open(const char *given)
{
    struct config *config = NULL;
    struct bytes why;
    const char *path = config_find(given);
    if (!path) {
        failed("./weir.yaml", "no such file; name one with -c");
        return NULL;
    }
    bytes_init(&why, CONFIG_WHY_MAX);
    if (config_load(path, &why, &config) != ERR_OK)
        fputs(bytes_str(&why), stderr);
    bytes_fini(&why);
    return config;
}

/* The activity, with the limits of the inbox. */
static enum err read_activity(const struct config *config, struct span text, struct json **ret_json,
                              struct activity *ret)
{
    const struct settings *set = &config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 5 * (unsigned)set->limits_json_keys};
    struct activity_limits facts = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    enum err e = json_read(text, &limits, ret_json);
    return e == ERR_OK ? activity_read(*ret_json, &facts, ret) : e;
}

static int show(const struct request *r, const struct verdict_ask *ask)
{
    struct verdict verdict;
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

static int explain(const struct request *r, const struct config *config)
{
    char from[URI_AUTHORITY_SIZE], to[URI_AUTHORITY_SIZE];
    struct json *json = NULL;
    struct activity *activity = mem_new(sizeof(*activity));
    struct verdict_ask ask = {
        .config = config, .activity = activity, .now_ms = clock_wall_ms(), .from = from};
    struct bytes text;
    int code = EXIT_REFUSED;
    if (!uri_authority(span_of(r->from), config->https, from) || !target_read(r->to, to, &ask)) {
        fprintf(stderr, "weir: --from takes HOST or HOST:PORT, --to likewise, or a zone's name\n%s",
                usage);
        free(activity);
        return EXIT_WRONG_USE;
    }
    bytes_init(&text, (size_t)config->set.limits_body);
    if (file_read(r->file, &text)) {
        enum err e = read_activity(config, bytes_span(&text), &json, activity);
        ask.bytes = text.n;
        if (e == ERR_OK)
            code = show(r, &ask);
        else
            fprintf(stderr, "weir: %s: %s: %s\n", r->file, err_code(e), err_title(e));
    }
    bytes_fini(&text);
    json_free(&json);
    free(activity);
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
        return EXIT_WRONG_USE;
    if (!r.from) {
        fprintf(stderr, "weir: --from is missing: the host that signs\n%s", usage);
        return EXIT_WRONG_USE;
    }
    struct config *config = config_open(r.config);
    int code = config ? explain(&r, config) : EXIT_REFUSED;
    config_free(&config);
    return code;
}
