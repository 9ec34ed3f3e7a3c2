/* cmd_policy: decides an operator's own cases by a configuration file, and says which come out
 * otherwise than they say.
 *
 *     DIR -> its files by name -> the cases of each -> a line for each target
 *
 * May not know: a running relay. */
#include "relay/cmd_policy.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/cmd_policy_replay.h"
#include "relay/input.h"
#include "relay/policy_cases.h"

enum { REPORT_MAX = 1 << 28, WHY_MAX = 4096 };

struct run {
    const struct config *config;
    const char *dir;
    bool as_json;
    struct bytes out;
    struct json_writer w;
    size_t done, wrong;
    bool broken; /* a file could not be read */
};

/* One case, and one of its targets. */
struct trial {
    const struct policy_case *c;
    const char *path; /* of its file */
    struct span to;
    const struct ruling *verdict; /* NULL: it could not be decided, */
    const char *why;              /* since */
};

/* --- what is said ----------------------------------------------------------------------------- */

static bool as_said(const struct trial *t)
{
    const struct policy_case *c = t->c;
    const struct ruling *v = t->verdict;
    const struct rule *rule = v ? v->decided.rule : NULL;
    return v && span_eq_str(c->expect, verdict_word(v)) &&
           (!c->code.p || span_eq_str(c->code, err_code(v->why))) &&
           (!c->rule.p || (rule && span_eq_str(c->rule, rule->name)));
}

static void trial_json(struct run *run, const struct trial *t, bool good)
{
    struct json_writer *w = &run->w;
    const struct ruling *v = t->verdict;
    json_open(w, '{');
    json_member(w, "file", span_of(t->path));
    json_member_int(w, "line", t->c->at.line);
    json_member(w, "name", t->c->name);
    json_member(w, "from", t->c->from);
    json_member(w, "to", t->to);
    json_member_bool(w, "good", good);
    json_member(w, "expect", t->c->expect);
    json_member(w, "expectRule", t->c->rule);
    json_member(w, "expectCode", t->c->code);
    json_member(w, "verdict", v ? span_of(verdict_word(v)) : SPAN_NONE);
    json_member(w, "code", v ? span_of(err_code(v->why)) : SPAN_NONE);
    json_member(w, "rule", v && v->decided.rule ? span_of(v->decided.rule->name) : SPAN_NONE);
    json_member(w, "error", v ? SPAN_NONE : span_of(t->why));
    json_close(w, '}');
}

static void verdict_tell(const struct ruling *v, struct bytes *out)
{
    bytes_add_str(out, verdict_word(v));
    if (v->why != ERR_OK)
        bytes_addf(out, " (%s)", err_code(v->why));
    if (v->decided.rule)
        bytes_addf(out, " by rule %s (line %u)", v->decided.rule->name, v->decided.rule->line);
}

static void trial_text(struct run *run, const struct trial *t, bool good)
{
    struct bytes *out = &run->out;
    bytes_addf(out, "%-5s %s:%u: ", good ? "ok" : "WRONG", t->path, t->c->at.line);
    if (t->c->name.p) {
        escaped(out, t->c->name);
        bytes_add_str(out, ": ");
    }
    escaped(out, t->c->from);
    bytes_add_str(out, " -> ");
    escaped(out, t->to);
    bytes_add_str(out, ": ");
    if (!good) {
        bytes_addf(out, "expected %.*s", SPAN_ARG(t->c->expect));
        if (t->c->code.p)
            bytes_addf(out, " (%.*s)", SPAN_ARG(t->c->code));
        if (t->c->rule.p) {
            bytes_add_str(out, " by rule ");
            escaped(out, t->c->rule);
        }
        bytes_add_str(out, ", is ");
    }
    if (t->verdict)
        verdict_tell(t->verdict, out);
    else
        bytes_add_str(out, t->why);
    bytes_add_char(out, '\n');
}

static void tell(struct run *run, const struct trial *t)
{
    bool good = as_said(t);
    run->done++;
    run->wrong += !good;
    if (run->as_json)
        trial_json(run, t, good);
    else
        trial_text(run, t, good);
}

/* --- one case --------------------------------------------------------------------------------- */

static int zone_of(const struct policy *policy, const struct verdict_ask *ask)
{
    if (ask->in)
        return (int)(ask->in - policy->zones);
    return ask->to ? policy_zone_of(policy, span_of(ask->to)) : -1;
}

/* Where it goes, and what is known of it. False: that is no host. */
static bool ask_fill(const struct policy_case *c, struct span to, char host[URI_AUTHORITY_SIZE],
                     struct verdict_ask *ask)
{
    const struct policy *policy = &ask->config->policy;
    int zone = policy_zone_by_name(policy, to);
    ask->now_ms = c->at_ms ? c->at_ms : clock_wall_ms();
    ask->known = (struct verdict_known){.bot = c->bot,
                                        .indexable = c->indexable,
                                        .registry = c->consent,
                                        .software = c->software,
                                        .thread = c->crossed != FACT_UNKNOWN};
    ask->in = zone >= 0 ? &policy->zones[zone] : NULL;
    ask->to = ask->in ? NULL : host;
    if (ask->to && !uri_authority(to, ask->config->https, host))
        return false;
    zone = zone_of(policy, ask);
    if (c->crossed == FACT_YES && zone >= 0)
        zone_set_add(&ask->known.crossed, zone);
    return true;
}

static void case_targets(struct run *run, struct trial *t, struct verdict_ask *ask)
{
    const struct yaml_tree *to = t->c->to;
    size_t n = to->kind == TREE_LIST ? to->n : 1;
    for (size_t i = 0; i < n; i++) {
        char host[URI_AUTHORITY_SIZE];
        struct ruling verdict = {0};
        t->to = yaml_tree_text(to->kind == TREE_LIST ? to->values[i] : to);
        t->verdict = NULL;
        t->why = "to is neither a zone nor HOST or HOST:PORT";
        if (ask_fill(t->c, t->to, host, ask)) {
            verdict_make(ask, &verdict);
            t->verdict = &verdict;
        }
        tell(run, t);
        verdict_fini(&verdict);
    }
}

/* The text of its activity; false: why stands in why. */
static bool activity_text(const struct run *run, const struct policy_case *c, struct bytes *text,
                          struct bytes *why)
{
    struct bytes path;
    const char *reason = NULL;
    if (policy_case_activity(c, run->config->https, text))
        return true;
    bytes_init(&path, WHY_MAX);
    if (c->activity->text[0] != '/')
        bytes_addf(&path, "%s/", run->dir);
    bytes_add(&path, yaml_tree_text(c->activity));
    bool ok = input_file(bytes_str(&path), text, &reason);
    if (!ok)
        bytes_addf(why, "not decided: %s: %s", bytes_str(&path), reason);
    bytes_fini(&path);
    return ok;
}

static void case_run(struct run *run, const char *path, const struct policy_case *c)
{
    char from[URI_AUTHORITY_SIZE];
    struct activity *activity = mem_new(sizeof(*activity));
    struct json *json = NULL;
    struct bytes text, why;
    struct trial t = {.c = c, .path = path, .to = yaml_tree_text(c->to)};
    struct verdict_ask ask = {.config = run->config, .activity = activity, .from = from};
    enum err e = ERR_OK;
    bytes_init(&text, (size_t)run->config->set.limits_body);
    bytes_init(&why, 2 * WHY_MAX);
    if (!uri_authority(c->from, run->config->https, from))
        bytes_add_str(&why, "not decided: from is not HOST or HOST:PORT");
    else if (activity_text(run, c, &text, &why))
        e = input_activity(run->config, bytes_span(&text), &json, activity);
    if (e != ERR_OK)
        bytes_addf(&why, "not decided: %s: %s", err_code(e), err_title(e));
    ask.bytes = text.n;
    t.why = bytes_str(&why);
    if (why.n)
        tell(run, &t);
    else
        case_targets(run, &t, &ask);
    bytes_fini(&text);
    bytes_fini(&why);
    json_free(&json);
    free(activity);
}

/* --- files ------------------------------------------------------------------------------------ */

static void broken(struct run *run, const char *text)
{
    fputs(text, stderr);
    run->broken = true;
}

static void file_run(struct run *run, const char *name)
{
    struct bytes path, text, why;
    struct mistakes mistakes = {0};
    struct policy_cases cases = {0};
    const char *reason;
    bytes_init(&path, WHY_MAX);
    bytes_init(&text, POLICY_CASES_FILE_MAX);
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_addf(&path, "%s/%s", run->dir, name);
    if (!input_file(bytes_str(&path), &text, &reason)) {
        bytes_addf(&why, "weir: %s: %s\n", bytes_str(&path), reason);
    } else {
        policy_cases_read(bytes_span(&text), &mistakes, &cases);
        mistakes_write(&mistakes, bytes_str(&path), &why);
    }
    if (why.n)
        broken(run, bytes_str(&why));
    for (size_t i = 0; !why.n && i < cases.n; i++)
        case_run(run, bytes_str(&path), &cases.list[i]);
    policy_cases_fini(&cases);
    mistakes_fini(&mistakes);
    bytes_fini(&path);
    bytes_fini(&text);
    bytes_fini(&why);
}

static int is_cases(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && span_ends(span_of(entry->d_name), SPAN(".yaml"));
}

static void dir_run(struct run *run)
{
    struct dirent **names = NULL;
    int n = scandir(run->dir, &names, is_cases, alphasort);
    if (n < 0) {
        fprintf(stderr, "weir: %s: %s\n", run->dir, strerror(errno));
        run->broken = true;
    }
    for (int i = 0; i < n; i++) {
        file_run(run, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

static int test(const char *file, const char *dir, bool as_json)
{
    struct config *config = input_config(file);
    struct run run = {.config = config, .dir = dir, .as_json = as_json};
    if (!config)
        return EXIT_REFUSED;
    bytes_init(&run.out, REPORT_MAX);
    json_begin(&run.w, &run.out);
    if (as_json) {
        json_open(&run.w, '{');
        json_key(&run.w, "cases");
        json_open(&run.w, '[');
    }
    dir_run(&run);
    bool good = !run.wrong && !run.broken && run.done;
    if (as_json) {
        json_close(&run.w, ']');
        json_member_int(&run.w, "done", (int64_t)run.done);
        json_member_int(&run.w, "wrong", (int64_t)run.wrong);
        json_member_bool(&run.w, "good", good);
        json_close(&run.w, '}');
        bytes_add_char(&run.out, '\n');
    } else if (run.done || !run.broken) {
        bytes_addf(&run.out, "%zu decided, %zu wrong%s\n", run.done, run.wrong,
                   run.done ? "" : ": no file there ends in .yaml");
    }
    fwrite(bytes_str(&run.out), 1, run.out.n, stdout);
    bytes_fini(&run.out);
    config_free(&config);
    return good ? 0 : EXIT_REFUSED;
}

int cmd_policy(int argc, char **argv)
{
    const char *file = NULL, *words[1];
    bool as_json = false;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "", 1, 1};
    if (argc > 1 && strcmp(argv[1], "replay") == 0)
        return cmd_policy_replay(argc - 1, argv + 1);
    if (argc < 2 || strcmp(argv[1], "test") != 0 || !args_read(&args, argc - 1, argv + 1, words))
        return ask_usage("policy");
    return test(file, words[0], as_json);
}
