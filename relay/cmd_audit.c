/* cmd_audit: `weir audit list|verify|export`.
 *
 * The lines come from the relay, a page at a time, or from a file that was exported. They are
 * looked through here: whoever keeps what was exported needs no relay to see that it is whole.
 * May not know: where the relay has them from. */
#include "relay/cmd_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/units.h"
#include "keys/digest.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/rules/audit_chain.h"

enum { LIST_DEFAULT = 50, LINE_MAX = 128 * 1024, WHY_MAX = 512 };

static const struct json_limits limits = {8, 128, 512};

struct audit_words {
    const char *file, *path, *since, *last, *head;
    bool as_json;
    /* What these say. */
    int64_t since_ms;
    uint64_t newest;
    uint64_t head_n; /* 0: none */
    struct span head_hash;
};

/* --- lines ------------------------------------------------------------------------------------ */

/* An exit code; another than 0 ends it. */
typedef int (*line_cb)(void *arg, struct span line);

static int each_line(struct span text, line_cb cb, void *arg)
{
    int code = 0;
    while (code == 0 && text.n)
        code = cb(arg, span_cut(&text, '\n'));
    return code;
}

/* The number that a line gives itself. */
static uint64_t number_of(struct span line)
{
    struct json *json = NULL;
    int64_t n = 0;
    if (json_read(line, &limits, &json) == ERR_OK)
        json_int(json_get(json, "n"), &n);
    json_free(&json);
    return n > 0 ? (uint64_t)n : 0;
}

static struct span last_line(struct span text)
{
    struct span last = SPAN_NONE;
    while (text.n)
        last = span_cut(&text, '\n');
    return last;
}

/* All that the relay has, or only the newest of them, in one page. */
static int each_of_relay(const struct audit_words *w, line_cb cb, void *arg)
{
    uint64_t after = 0;
    int code = 0;
    bool more = true;
    while (code == 0 && more) {
        char path[80];
        struct bytes page;
        bytes_init(&page, ASK_ANSWER_MAX);
        if (w->newest)
            snprintf(path, sizeof(path), "/api/v1/audit?newest=%" PRIu64, w->newest);
        else
            snprintf(path, sizeof(path), "/api/v1/audit?after=%" PRIu64, after);
        code = ask_relay(w->file, "GET", path, SPAN_NONE, &page);
        if (code == 0)
            code = each_line(bytes_span(&page), cb, arg);
        uint64_t last = page.n ? number_of(last_line(bytes_span(&page))) : 0;
        more = !w->newest && last > after;
        after = last;
        bytes_fini(&page);
    }
    return code;
}

static int each_of_file(const char *path, line_cb cb, void *arg)
{
    FILE *f = fopen(path, "re");
    char *line = mem_new(LINE_MAX);
    int code = 0;
    while (f && code == 0 && fgets(line, LINE_MAX, f)) {
        struct span text = span_of(line);
        if (span_ends(text, SPAN("\n")))
            text.n--;
        code = cb(arg, text);
    }
    if (!f || ferror(f)) {
        fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
        code = EXIT_REFUSED;
    }
    if (f)
        fclose(f);
    free(line);
    return code;
}

/* --- weir audit list -------------------------------------------------------------------------- */

struct listing {
    const struct audit_words *words;
    struct bytes json; /* of those that were wanted */
    struct json_writer w;
};

static void print_cell(int width, struct span text)
{
    ask_print_text(text);
    printf("%*s ", text.n < (size_t)width ? width - (int)text.n : 0, "");
}

static void print_line(const struct json *line)
{
    struct span outcome = ask_text(line, "outcome");
    struct span time = ask_text(line, "time");
    printf("%6" PRId64 " ", ask_number(line, "n"));
    time.n = time.n < 19 ? time.n : 19;
    print_cell(19, time);
    print_cell(10, ask_text(line, "who").n ? ask_text(line, "who") : SPAN("-"));
    print_cell(6, ask_text(line, "via"));
    print_cell(14, ask_text(line, "verb"));
    ask_print_text(ask_text(line, "target"));
    if (outcome.n) {
        printf(" (");
        ask_print_text(outcome);
        if (json_get(line, "of"))
            printf(", of %" PRId64, ask_number(line, "of"));
        putchar(')');
    }
    if (ask_text(line, "reason").n)
        printf(": ");
    ask_print_text(ask_text(line, "reason"));
    putchar('\n');
}

static int list_line(void *arg, struct span text)
{
    struct listing *l = arg;
    struct json *line = NULL;
    int64_t at_ms = 0;
    if (json_read(text, &limits, &line) != ERR_OK) {
        fprintf(stderr, "weir: a line can't be read: `weir audit verify` says which\n");
        return EXIT_REFUSED;
    }
    bool late = !l->words->since_ms ||
                (date_iso_read(ask_text(line, "time"), &at_ms) && at_ms >= l->words->since_ms);
    if (late && l->words->as_json)
        json_add_raw(&l->w, text);
    else if (late)
        print_line(line);
    json_free(&line);
    return 0;
}

static int list(const struct audit_words *w)
{
    struct listing l = {.words = w};
    bytes_init(&l.json, ASK_ANSWER_MAX);
    json_begin(&l.w, &l.json);
    json_open(&l.w, '{');
    json_key(&l.w, "audit");
    json_open(&l.w, '[');
    if (!w->as_json)
        printf("%6s %-19s %-10s %-6s %-14s %s\n", "LINE", "TIME (UTC)", "WHO", "VIA", "VERB",
               "TARGET: REASON");
    int code = each_of_relay(w, list_line, &l);
    json_close(&l.w, ']');
    json_close(&l.w, '}');
    if (code == 0 && w->as_json)
        printf("%s\n", bytes_str(&l.json));
    bytes_fini(&l.json);
    return code;
}

/* --- weir audit verify ------------------------------------------------------------------------ */

struct verifying {
    const struct audit_words *words;
    struct audit_chain chain;
    struct bytes why; /* empty: nothing is wrong so far */
};

static int verify_line(void *arg, struct span line)
{
    struct verifying *v = arg;
    const struct audit_words *w = v->words;
    if (!audit_chain_take(&v->chain, line, &v->why))
        return EXIT_REFUSED;
    if (v->chain.n == w->head_n && !span_eq_str(w->head_hash, v->chain.hash))
        bytes_addf(&v->why, "line %" PRIu64 " is another than the one whose head was kept",
                   w->head_n);
    return v->why.n ? EXIT_REFUSED : 0;
}

/* What the relay has beside its lines: a head that they must have come to. */
static int ask_head(const struct audit_words *w, struct audit_chain *ret)
{
    struct bytes answer;
    struct json *json = NULL;
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(w->file, "GET", "/api/v1/audit/head", SPAN_NONE, &answer);
    if (code == 0 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK) {
        ret->n = (uint64_t)ask_number(json, "n");
        span_copy(ask_text(json, "hash"), ret->hash, sizeof(ret->hash));
    }
    json_free(&json);
    bytes_fini(&answer);
    return code;
}

/* More may have been written since the head was asked for. */
static void judge_end(struct verifying *v, const struct audit_chain *said)
{
    const struct audit_words *w = v->words;
    uint64_t wanted = said->n > w->head_n ? said->n : w->head_n;
    if (!v->why.n && v->chain.n < wanted)
        bytes_addf(&v->why, "the last line is %" PRIu64 ", and there were %" PRIu64, v->chain.n,
                   wanted);
    else if (!v->why.n && v->chain.n == said->n && said->n &&
             !span_eq_str(span_of(said->hash), v->chain.hash))
        bytes_addf(&v->why, "line %" PRIu64 " is not as it was written", said->n);
}

static void tell_verified(const struct verifying *v)
{
    struct bytes out;
    struct json_writer w;
    bool good = !v->why.n;
    if (!v->words->as_json && !good) {
        fprintf(stderr, "weir: the audit log is not whole: %s\n", bytes_str(&v->why));
    } else if (!v->words->as_json) {
        printf("%-10s %" PRIu64 ", each as it was written\n", "lines", v->chain.n);
        printf("%-10s %" PRIu64 ":%s\n", "head", v->chain.n, v->chain.hash);
    } else {
        bytes_init(&out, 4096);
        json_begin(&w, &out);
        json_open(&w, '{');
        json_member_bool(&w, "good", good);
        json_member_int(&w, "lines", (int64_t)v->chain.n);
        json_member(&w, "head", span_of(v->chain.hash));
        if (!good)
            json_member(&w, "why", bytes_span(&v->why));
        json_close(&w, '}');
        printf("%s\n", bytes_str(&out));
        bytes_fini(&out);
    }
}

static int verify(const struct audit_words *w)
{
    struct verifying v = {.words = w, .chain.hash_of = sha256_hex};
    struct audit_chain said = {.n = 0};
    bytes_init(&v.why, WHY_MAX);
    int code = w->path ? 0 : ask_head(w, &said);
    if (code == 0)
        code = w->path ? each_of_file(w->path, verify_line, &v) : each_of_relay(w, verify_line, &v);
    if (code == 0)
        judge_end(&v, &said);
    if (code == 0 || v.why.n) {
        tell_verified(&v);
        code = v.why.n ? EXIT_REFUSED : 0;
    }
    bytes_fini(&v.why);
    return code;
}

/* --- weir audit export ------------------------------------------------------------------------ */

static int export_line(void *arg, struct span line)
{
    FILE *f = arg;
    bool ok = fwrite(line.p, 1, line.n, f) == line.n && fputc('\n', f) != EOF;
    return ok ? 0 : EXIT_REFUSED;
}

/* A new file: what was exported before is not written over. */
static int export(const struct audit_words *w)
{
    int fd = w->path ? open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    FILE *f = fd >= 0 ? fdopen(fd, "w") : w->path ? NULL : stdout;
    int code = f ? each_of_relay(w, export_line, f) : 0;
    bool failed = !f || ferror(f) || fflush(f) != 0 || (fd >= 0 && fsync(fd) != 0);
    if (failed)
        fprintf(stderr, "weir: %s: %s\n", w->path ? w->path : "standard output", strerror(errno));
    if (fd >= 0 && f)
        fclose(f);
    if (fd >= 0 && (failed || code))
        unlink(w->path);
    return failed ? EXIT_REFUSED : code;
}

/* --- the verbs -------------------------------------------------------------------------------- */

/* `57:0123...`, as the log of the relay and `verify` say it. */
static bool read_head(struct audit_words *w)
{
    struct span rest = span_of(w->head);
    if (!w->head)
        return true;
    bool ok = span_u64(span_cut(&rest, ':'), INT64_MAX, &w->head_n) && w->head_n > 0;
    w->head_hash = rest;
    return ok && rest.n == AUDIT_HASH_SIZE - 1;
}

static int read_list(struct audit_words *w)
{
    int64_t ago_ms = 0;
    if (w->since && w->last)
        return ask_wrong("audit list", "say either --since or --last", NULL);
    if (w->since && (!duration_read(span_of(w->since), &ago_ms) || ago_ms <= 0))
        return ask_wrong("audit list", "--since is a time such as 90m, 2h or 7d, not", w->since);
    if (w->last && (!span_u64(span_of(w->last), INT32_MAX, &w->newest) || !w->newest))
        return ask_wrong("audit list", "--last is a number of lines, not", w->last);
    if (w->since)
        w->since_ms = clock_wall_ms() - ago_ms;
    else if (!w->last)
        w->newest = LIST_DEFAULT;
    return 0;
}

int cmd_audit(int argc, char **argv)
{
    struct audit_words w = {0};
    const struct arg listed[] = {{"-c", &w.file, NULL},
                                 {"--json", NULL, &w.as_json},
                                 {"--since", &w.since, NULL},
                                 {"--last", &w.last, NULL}};
    const struct arg verified[] = {
        {"-c", &w.file, NULL}, {"--json", NULL, &w.as_json}, {"--head", &w.head, NULL}};
    const struct args lists = {listed, 4, "", 0, 0};
    const struct args verifies = {verified, 3, "", 0, 1};
    const struct args exports = {listed, 1, "", 0, 1};
    const char *verb = argc > 1 ? argv[1] : "";
    int code = 0;
    if (strcmp(verb, "list") == 0) {
        if (!args_read(&lists, argc - 1, argv + 1, NULL))
            return ask_usage("audit list");
        code = read_list(&w);
        return code ? code : list(&w);
    }
    if (strcmp(verb, "verify") == 0) {
        if (!args_read(&verifies, argc - 1, argv + 1, &w.path))
            return ask_usage("audit verify");
        return read_head(&w) ? verify(&w)
                             : ask_wrong("audit verify", "--head is LINE:HASH, not", w.head);
    }
    if (strcmp(verb, "export") == 0 && args_read(&exports, argc - 1, argv + 1, &w.path))
        return export(&w);
    return ask_usage("audit");
}
