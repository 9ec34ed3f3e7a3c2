/* cmd_config_change: what another configuration file changes, and puts it in place.
 *
 *     both files read -> compared -> told
 *     apply: is the relay there, and does it go by this file -> replaced -> reload -> put back
 * where it is refused
 *
 * May not know: what a role does with a configuration. */
#include "relay/cmd_config_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/digest.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/config/diff.h"
#include "relay/config/mistakes.h"
#include "relay/replace.h"
#include "relay/user.h"

enum { REPORT_MAX = 1 << 28, BODY_MAX = 8192 };

struct change {
    const char *given, *new_path, *reason; /* -c; NEW.yaml; --reason */
    bool as_json, apply;
    char *path; /* of the file in use, without symbolic links */
    struct bytes was_text, is_text;
    struct config *was, *is;
    struct config_changes changes;
    size_t bound; /* changes that want a restart */
    /* What a running relay says; absent: none is there. */
    bool running;
    char *file; /* that it goes by */
    char digest[2 * SHA256_SIZE + 1];
};

static void change_fini(struct change *c)
{
    config_changes_fini(&c->changes);
    config_free(&c->was);
    config_free(&c->is);
    bytes_fini(&c->was_text);
    bytes_fini(&c->is_text);
    free(c->path);
    free(c->file);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* as: where its relative paths start, and what it is called where it is wrong. */
static bool read_text(const char *path, const char *as, struct bytes *text, struct config **ret)
{
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_clear(text);
    bool ok = config_text(path, text, &why) == ERR_OK &&
              config_read(bytes_span(text), as, &why, ret) == ERR_OK;
    if (!ok)
        fputs(bytes_str(&why), stderr);
    bytes_fini(&why);
    return ok;
}

/* The new one is read where it lies, for its mistakes, and as if it lay in its place already. */
static bool read_both(struct change *c)
{
    const char *path = config_find(c->given);
    struct config *there = NULL;
    if (!path) {
        fputs("weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there\n",
              stderr);
        return false;
    }
    c->path = realpath(path, NULL);
    if (!c->path) {
        fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool ok = read_text(path, c->path, &c->was_text, &c->was) &&
              read_text(c->new_path, c->new_path, &c->is_text, &there) &&
              read_text(c->new_path, c->path, &c->is_text, &c->is);
    config_free(&there);
    return ok;
}

/* Which configuration the running relay goes by, if there is one. */
static void ask_running(struct change *c)
{
    static const struct json_limits limits = {16, 1000000, 2000000};
    struct bytes answer;
    struct json *json = NULL;
    int status = 0;
    bytes_init(&answer, ASK_ANSWER_MAX);
    if (ask_quietly(c->given, "/api/v1/status", &status, &answer) == 0 && status == 200 &&
        json_read(bytes_span(&answer), &limits, &json) == ERR_OK) {
        const struct json *told = json_get(json, "configuration");
        c->running = true;
        c->file = mem_copy(ask_text(told, "file"));
        span_copy(ask_text(told, "digest"), c->digest, sizeof(c->digest));
    }
    json_free(&json);
    bytes_fini(&answer);
}

static bool goes_by_file(const struct change *c)
{
    char digest[2 * SHA256_SIZE + 1];
    sha256_hex(bytes_span(&c->was_text), digest);
    return strcmp(digest, c->digest) == 0;
}

static bool compare(struct change *c)
{
    bytes_init(&c->was_text, CONFIG_FILE_MAX);
    bytes_init(&c->is_text, CONFIG_FILE_MAX);
    if (!read_both(c))
        return false;
    config_compare(c->was, c->is, &c->changes);
    for (size_t i = 0; i < c->changes.n; i++)
        c->bound += c->changes.list[i].restart;
    ask_running(c);
    return true;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void change_text(const struct config_change *c, struct bytes *out)
{
    bool rule = strcmp(c->kind, "rule") == 0; /* long */
    bytes_addf(out, "%s ", c->kind);
    escaped(out, span_of(c->name));
    switch (c->how) {
    case CHANGE_ADDED:
    case CHANGE_REMOVED:
        bytes_addf(out, ": %s: ", change_how_name(c->how));
        escaped(out, span_of(c->how == CHANGE_ADDED ? c->after : c->before));
        break;
    case CHANGE_RENAMED:
        bytes_add_str(out, ": the same that was called ");
        escaped(out, span_of(c->before));
        break;
    case CHANGE_MOVED:
        bytes_add_str(out, ": asked before ");
        escaped(out, span_of(c->after));
        bytes_add_str(out, " now");
        break;
    case CHANGE_MODIFIED:
        bytes_add_str(out, rule ? ": changed\n    was " : ": ");
        escaped(out, span_of(c->before ? c->before : "none"));
        bytes_add_str(out, rule ? "\n    is  " : " -> ");
        escaped(out, span_of(c->after ? c->after : "none"));
        break;
    }
    bytes_add_str(out, c->restart ? " (only by a restart)\n" : "\n");
}

static void changes_text(const struct change *c, struct bytes *out)
{
    for (size_t i = 0; i < c->changes.n; i++)
        change_text(&c->changes.list[i], out);
    if (!c->changes.n)
        bytes_add_str(out, bytes_span(&c->was_text).n == bytes_span(&c->is_text).n &&
                                   span_eq(bytes_span(&c->was_text), bytes_span(&c->is_text))
                               ? "no change: the files are the same\n"
                               : "no change: they say the same in other words\n");
    if (c->running && !goes_by_file(c))
        bytes_addf(out, "note: the running relay goes by another text than %s holds now\n",
                   c->path);
}

static void changes_json(const struct change *c, const char *outcome, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "file", span_of(c->path));
    json_member(&w, "new", span_of(c->new_path));
    json_member_bool(&w, "running", c->running);
    json_member_bool(&w, "inForce", c->running && goes_by_file(c));
    json_member_bool(&w, "restart", c->bound > 0);
    if (outcome)
        json_member(&w, "outcome", span_of(outcome));
    json_key(&w, "changes");
    json_open(&w, '[');
    for (size_t i = 0; i < c->changes.n; i++) {
        const struct config_change *one = &c->changes.list[i];
        json_open(&w, '{');
        json_member(&w, "kind", span_of(one->kind));
        json_member(&w, "name", span_of(one->name));
        json_member(&w, "how", span_of(change_how_name(one->how)));
        json_member(&w, "before", span_of(one->before));
        json_member(&w, "after", span_of(one->after));
        json_member_bool(&w, "restart", one->restart);
        json_close(&w, '}');
    }
    json_close(&w, ']');
    json_close(&w, '}');
    bytes_add_char(out, '\n');
}

static void tell(const struct change *c, const char *outcome)
{
    struct bytes out;
    bytes_init(&out, REPORT_MAX);
    if (c->as_json)
        changes_json(c, outcome, &out);
    else
        changes_text(c, &out);
    fwrite(bytes_str(&out), 1, out.n, stdout);
    bytes_fini(&out);
}

/* --- putting it in place ---------------------------------------------------------------------- */

/* Why it is not begun; an exit code, 0 if nothing stands against it. */
static int against(const struct change *c)
{
    if (!c->running) {
        fprintf(stderr, "weir: no relay runs on %s: put the file in place and start it\n", c->path);
        return EXIT_UNREACHED;
    }
    if (strcmp(c->file, c->path) != 0) {
        fprintf(stderr, "weir: the running relay goes by %s, not by %s\n", c->file, c->path);
        return EXIT_REFUSED;
    }
    for (size_t i = 0; i < c->changes.n; i++)
        if (c->changes.list[i].restart)
            fprintf(stderr, "weir: %s can't change without a restart\n", c->changes.list[i].name);
    return c->bound ? EXIT_REFUSED : 0;
}

/* The relay still goes by the one before; else some process did not answer, and the others go by
 * the new one. */
static bool refused_whole(const struct change *c)
{
    struct change now = {.given = c->given};
    ask_running(&now);
    bool whole = now.running && strcmp(now.digest, c->digest) == 0;
    free(now.file);
    return whole;
}

static int reload(const struct change *c)
{
    struct bytes body, answer;
    struct json_writer w;
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_init(&body, BODY_MAX);
    json_begin(&w, &body);
    json_open(&w, '{');
    json_member_bool(&w, "applies", true);
    json_member(&w, "reason", span_of(c->reason));
    json_close(&w, '}');
    int code = ask_relay(c->given, "POST", "/api/v1/reload", bytes_span(&body), &answer);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

static int put_in_place(const struct change *c)
{
    struct bytes why;
    bytes_init(&why, BODY_MAX);
    int code = EXIT_REFUSED;
    if (replace_file(c->path, bytes_span(&c->is_text), &why))
        code = reload(c);
    else
        fprintf(stderr, "weir: %s\n", bytes_str(&why));
    if (code && !why.n && refused_whole(c)) {
        if (replace_undo(c->path, &why))
            fprintf(stderr, "weir: %s is as it was\n", c->path);
        else
            fprintf(stderr, "weir: the file before can't be put back: %s\n", bytes_str(&why));
    }
    bytes_fini(&why);
    return code;
}

static int apply(const struct change *c)
{
    int code = against(c);
    bool same = span_eq(bytes_span(&c->was_text), bytes_span(&c->is_text)) && goes_by_file(c);
    if (!c->as_json)
        tell(c, NULL);
    if (!code && !same)
        code = put_in_place(c);
    if (c->as_json && !code)
        tell(c, same ? "nothing" : "applied");
    else if (!code && !same)
        printf("applied: the relay goes by it; %s.before is what was there\n", c->path);
    return code;
}

/* --- the verbs -------------------------------------------------------------------------------- */

static int run(struct change *c)
{
    int code = EXIT_REFUSED;
    if (compare(c) && c->apply)
        code = apply(c);
    else if (c->is) {
        tell(c, NULL);
        code = 0;
    }
    change_fini(c);
    return code;
}

int cmd_config_diff(int argc, char **argv)
{
    struct change c = {0};
    const struct arg items[] = {{"-c", &c.given, NULL}, {"--json", NULL, &c.as_json}};
    const struct args args = {items, 2, "", 1, 1};
    if (!args_read(&args, argc, argv, &c.new_path))
        return ask_usage("config diff");
    return run(&c);
}

int cmd_config_apply(int argc, char **argv)
{
    struct change c = {.apply = true};
    struct audit_by by;
    const struct arg items[] = {
        {"-c", &c.given, NULL}, {"--json", NULL, &c.as_json}, {"--reason", &c.reason, NULL}};
    const struct args args = {items, 3, "", 1, 1};
    if (!args_read(&args, argc, argv, &c.new_path))
        return ask_usage("config apply");
    if (!c.reason || !*c.reason)
        return ask_wrong("config apply", "--reason is missing", NULL);
    if (!user_reason(span_of(c.reason), &by))
        return ask_wrong("config apply", USER_REASON, NULL);
    return run(&c);
}
