/* cmd_policy_replay: reads the journal of a running relay page by page, has each entry decided by
 * another configuration, and says what would have gone another way.
 *
 *     NEW.yaml -> members (who is where) -> first entry since then (halving) -> pages -> report
 *
 * May not know: how anything is decided (replay.h). */
#include "relay/cmd_policy_replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/map.h"
#include "common/pure/units.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/replay.h"

enum { PATH_SIZE = 256, SHOWN = 10, LISTED = 1000, REPORT_MAX = 1 << 24 };

static const struct json_limits limits = {40, 10000000, 20000000};

struct place { /* of a member */
    char *zone, *software;
};

struct walk {
    const char *file, *with;
    int64_t since_ms;
    bool as_json, cut;  /* cut: there is more than is looked at */
    struct map *places; /* by host */
    struct place *list;
    size_t n;
    struct replay replay;
};

/* --- asking ----------------------------------------------------------------------------------- */

/* The answer as JSON, the caller's; NULL: *ret_code says what went wrong, which was told. */
static struct json *asked(const struct walk *w, const char *path, int *ret_code)
{
    struct bytes answer;
    struct json *json = NULL;
    bytes_init(&answer, ASK_ANSWER_MAX);
    *ret_code = ask_relay(w->file, "GET", path, SPAN_NONE, &answer);
    if (!*ret_code && json_read(bytes_span(&answer), &limits, &json) != ERR_OK) {
        fprintf(stderr, "weir: the relay's answer can't be read\n");
        *ret_code = EXIT_REFUSED;
    }
    bytes_fini(&answer);
    return json;
}

static struct json *page_of(const struct walk *w, uint64_t after, unsigned most, int *ret_code)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "/api/v1/journal?after=%" PRIu64 "&most=%u", after, most);
    return asked(w, path, ret_code);
}

static int read_members(struct walk *w)
{
    int code;
    struct json *json = asked(w, "/api/v1/members", &code);
    const struct json *members = json_get(json, "members");
    size_t n = json_len(members);
    w->list = mem_new((n + 1) * sizeof(*w->list));
    for (size_t i = 0; i < n; i++) {
        const struct json *m = json_at(members, i);
        struct place *p = &w->list[w->n++];
        *p = (struct place){mem_copy(ask_text(m, "zone")), mem_copy(ask_text(m, "software"))};
        map_put(w->places, ask_text(m, "host"), p);
    }
    json_free(&json);
    return code;
}

/* The number behind which everything was accepted since then, or little before. */
static int first_since(const struct walk *w, uint64_t *ret)
{
    int code;
    struct json *json = page_of(w, 0, 1, &code);
    uint64_t low = 0, high = (uint64_t)ask_number(json, "last");
    json_free(&json);
    while (!code && low < high) {
        uint64_t middle = low + (high - low) / 2;
        json = page_of(w, middle, 1, &code);
        const struct json *first = json_at(json_get(json, "entries"), 0);
        uint64_t next = (uint64_t)ask_number(json, "next");
        /* What is no entry says no time: go on behind it. */
        bool earlier = first ? ask_number(first, "at") < w->since_ms
                             : json_flag(json_get(json, "more"), false) && next < high;
        if (earlier)
            low = next > middle ? next : middle + 1;
        else
            high = middle;
        json_free(&json);
    }
    *ret = low;
    return code;
}

/* --- the entries ------------------------------------------------------------------------------ */

static bool take(struct walk *w, const struct json *json)
{
    const struct json *zones = json_get(json, "audience");
    const struct place *p = map_get(w->places, ask_text(json, "from"));
    struct bytes audience;
    bytes_init(&audience, POLICY_AUDIENCE_MAX);
    for (size_t i = 0; i < json_len(zones); i++) {
        bytes_add_str(&audience, i ? "," : "");
        bytes_add(&audience, json_text(json_at(zones, i)));
    }
    const struct replay_entry entry = {.at_ms = ask_number(json, "at"),
                                       .id = ask_text(json, "activity"),
                                       .type = ask_text(json, "type"),
                                       .from = ask_text(json, "from"),
                                       .zone = p ? span_of(p->zone) : SPAN_NONE,
                                       .software = p ? span_of(p->software) : SPAN_NONE,
                                       .audience = bytes_span(&audience),
                                       .body = ask_text(json, "body")};
    bool room = entry.at_ms < w->since_ms || replay_take(&w->replay, &entry);
    bytes_fini(&audience);
    return room;
}

static int read_entries(struct walk *w)
{
    uint64_t after = 0;
    bool more = true;
    int code = first_since(w, &after);
    while (!code && more && !w->cut) {
        struct json *json = page_of(w, after, LISTED, &code);
        const struct json *entries = json_get(json, "entries");
        for (size_t i = 0; !w->cut && i < json_len(entries); i++)
            w->cut = !take(w, json_at(entries, i));
        more = json_flag(json_get(json, "more"), false);
        after = (uint64_t)ask_number(json, "next");
        json_free(&json);
    }
    return code;
}

/* --- the report ------------------------------------------------------------------------------- */

static void counts_json(struct json_writer *w, const char *key, const char *name,
                        const struct replay_count *list, size_t n)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < n && i < LISTED; i++) {
        json_open(w, '{');
        json_member(w, name, span_of(list[i].name));
        json_member_int(w, "added", (int64_t)list[i].added);
        json_member_int(w, "removed", (int64_t)list[i].removed);
        json_member_int(w, "unsure", (int64_t)list[i].unsure);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void samples_json(struct json_writer *w, const struct replay *r)
{
    json_key(w, "samples");
    json_open(w, '[');
    for (size_t i = 0; i < r->samples_n; i++) {
        const struct replay_sample *s = &r->samples[i];
        json_open(w, '{');
        json_member(w, "boundary", span_of(s->boundary));
        json_member(w, "activity", span_of(s->id));
        json_member(w, "author", span_of(s->actor));
        json_member_bool(w, "added", s->added);
        json_member(w, "rule", span_of(s->rule));
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void report_json(const struct walk *walk)
{
    const struct replay *r = &walk->replay;
    char since[DATE_ISO_SIZE];
    struct bytes out;
    struct json_writer w;
    bytes_init(&out, REPORT_MAX);
    date_iso_write(walk->since_ms, since);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "since", span_of(since));
    json_member(&w, "with", span_of(walk->with));
    json_member_int(&w, "entries", (int64_t)r->entries);
    json_member_int(&w, "decided", (int64_t)r->decided);
    json_member_int(&w, "follows", (int64_t)r->follows);
    json_member_int(&w, "unknown", (int64_t)r->unknown);
    json_member_bool(&w, "cut", walk->cut);
    json_member_int(&w, "added", (int64_t)r->added);
    json_member_int(&w, "removed", (int64_t)r->removed);
    json_member_int(&w, "unsure", (int64_t)r->unsure);
    json_member_int(&w, "authorsAffected", (int64_t)r->authors_n);
    counts_json(&w, "boundaries", "boundary", r->boundaries, r->boundaries_n);
    counts_json(&w, "authors", "author", r->authors, r->authors_n);
    samples_json(&w, r);
    json_close(&w, '}');
    printf("%s\n", bytes_str(&out));
    bytes_fini(&out);
}

static void counts_print(const struct replay_count *list, size_t n)
{
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        printf("  ");
        ask_print_text(span_of(list[i].name));
        printf(": +%" PRIu64 ", -%" PRIu64, list[i].added, list[i].removed);
        if (list[i].unsure)
            printf(", %" PRIu64 " unsure", list[i].unsure);
        putchar('\n');
    }
    if (n > SHOWN)
        printf("  and %zu more\n", n - SHOWN);
}

static void report_print(const struct walk *walk)
{
    const struct replay *r = &walk->replay;
    char since[DATE_ISO_SIZE];
    date_iso_write(walk->since_ms, since);
    printf("%" PRIu64 " activities since %s by %s: +%" PRIu64 " would cross, -%" PRIu64
           " would not; authors affected: %zu\n",
           r->decided, since, walk->with, r->added, r->removed, r->authors_n);
    if (r->boundaries_n)
        printf("by boundary:\n");
    counts_print(r->boundaries, r->boundaries_n);
    if (r->authors_n)
        printf("by author:\n");
    counts_print(r->authors, r->authors_n);
    for (size_t i = 0; i < r->samples_n; i++) {
        const struct replay_sample *s = &r->samples[i];
        printf("%s %s ", s->added ? "+" : "-", s->boundary);
        ask_print_text(span_of(s->id));
        printf("%s%s\n", s->rule ? " by rule " : "", s->rule ? s->rule : "");
    }
    if (r->unsure)
        printf("unsure: %" PRIu64 ": it depends on what was known then, and is not kept\n",
               r->unsure);
    if (r->follows)
        printf("not asked: %" PRIu64 " edits and deletions go where their objects went\n",
               r->follows);
    if (r->unknown)
        printf("not known: %" PRIu64 " have no body any more, or one that does not say enough\n",
               r->unknown);
    if (walk->cut)
        printf("only the first %d are looked at\n", REPLAY_ENTRIES_MAX);
}

/* --- the verb --------------------------------------------------------------------------------- */

static int run(struct walk *w)
{
    struct config *config = NULL;
    struct bytes why;
    int code = EXIT_REFUSED;
    bytes_init(&why, CONFIG_WHY_MAX);
    if (config_load(w->with, &why, &config) != ERR_OK) {
        fputs(bytes_str(&why), stderr);
        bytes_fini(&why);
        return code;
    }
    bytes_fini(&why);
    w->places = map_new();
    replay_init(&w->replay, config);
    code = read_members(w);
    if (!code)
        code = read_entries(w);
    replay_sort(&w->replay);
    if (!code && w->as_json)
        report_json(w);
    else if (!code)
        report_print(w);
    replay_fini(&w->replay);
    map_free(&w->places);
    for (size_t i = 0; i < w->n; i++) {
        free(w->list[i].zone);
        free(w->list[i].software);
    }
    free(w->list);
    config_free(&config);
    return code;
}

int cmd_policy_replay(int argc, char **argv)
{
    const char *since = NULL;
    int64_t ago_ms = 0;
    struct walk w = {0};
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--since", &since, NULL},
                                {"--with", &w.with, NULL},
                                {"--json", NULL, &w.as_json}};
    const struct args args = {items, 4, "", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return ask_usage("policy replay");
    if (!since || !duration_read(span_of(since), &ago_ms) || ago_ms <= 0)
        return ask_wrong("policy replay", "--since is a time such as 90m, 2h or 7d", NULL);
    if (!w.with)
        return ask_wrong("policy replay", "--with is missing: another configuration", NULL);
    w.since_ms = clock_wall_ms() - ago_ms;
    return run(&w);
}
