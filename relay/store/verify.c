/* verify: which key is looked at how; the facts about the journal, members, and cursors.
 *
 *     facts, epochs, marks -> lines -> everything else -> the end: what should have come
 *
 * May not know: where the keys come from, or who is told what was found. */
#include "relay/store/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/book.h"
#include "relay/rules/freeze.h"
#include "relay/store/verify_inner.h"

enum { FINDING_SIZE = 1024, FINDINGS_SIZE = VERIFY_FINDINGS_MAX * FINDING_SIZE };

void verify_found(struct verify *v, struct span where, const char *what, ...)
{
    char text[FINDING_SIZE];
    va_list args;
    if (v->report.findings_n++ >= VERIFY_FINDINGS_MAX)
        return;
    va_start(args, what);
    vsnprintf(text, sizeof(text), what, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    bytes_addf(&v->report.findings, "%.*s: %s\n", SPAN_ARG(where), text);
}

void *verify_room(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    *cap = *cap ? 2 * *cap : 64;
    return mem_grow(list, *cap * size);
}

static uint64_t number(struct verify *v, struct span where, const char *what, struct span text)
{
    uint64_t n = 0;
    if (!span_u64(text, INT64_MAX, &n))
        verify_found(v, where, "%s is no number", what);
    return n;
}

/* --- the facts -------------------------------------------------------------------------------- */

static uint64_t fact(struct verify *v, const struct holding *h, const char *name)
{
    return number(v, h->key, name, reply_text(reply_field(h->value, name)));
}

/* One that journals of before do not have. */
static uint64_t fact_or(struct verify *v, const struct holding *h, const char *name,
                        uint64_t otherwise)
{
    return reply_field(h->value, name) ? fact(v, h, name) : otherwise;
}

static void take_log(struct verify *v, const struct holding *h)
{
    struct verify_report *r = &v->report;
    if (!span_copy(reply_text(reply_field(h->value, "id")), r->id, sizeof(r->id)) || !r->id[0])
        verify_found(v, h->key, "the journal has no name");
    span_copy(reply_text(reply_field(h->value, "owner")), r->owner, sizeof(r->owner));
    r->schema = fact(v, h, "schema");
    r->shards = fact(v, h, "shards");
    r->epoch = fact(v, h, "epoch");
    r->n = fact(v, h, "n");
    r->floor = fact(v, h, "floor");
    r->body_floor = fact(v, h, "bodyfloor");
    uint64_t last = fact(v, h, "last");
    v->floor[0] = r->floor;
    v->floor[1] = fact_or(v, h, "floorU", 0);
    v->last[0] = fact_or(v, h, "lastN", last);
    v->last[1] = fact_or(v, h, "lastU", 0);
    v->holds.said = fact_or(v, h, "held", 0);
    v->holds.said_bytes = fact_or(v, h, "heldbytes", 0);
    v->audit_said.n = fact_or(v, h, "audit", 0);
    span_copy(reply_text(reply_field(h->value, "audithead")), v->audit_said.hash,
              sizeof(v->audit_said.hash));
    if (r->shards < 1 || r->shards > STORE_SHARDS)
        verify_found(v, h->key, "%" PRIu64 " shards, and it can only be 1 to %d", r->shards,
                     STORE_SHARDS);
    if (r->schema > STORE_SCHEMA)
        verify_found(v, h->key, "schema %" PRIu64 " is of a newer version of Weir", r->schema);
    if (last > r->n || r->floor > r->n || r->body_floor > r->n)
        verify_found(v, h->key, "the newest number is %" PRIu64 ", and something is beyond it",
                     r->n);
}

static void take_epochs(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct verify_epoch e = {
            .epoch = number(v, h->key, "an epoch", reply_text(reply_at(h->value, i))),
            .n = number(v, h->key, "the end of one", reply_text(reply_at(h->value, i + 1)))};
        v->epochs = verify_room(v->epochs, v->epochs_n, &v->epochs_cap, sizeof(*v->epochs));
        v->epochs[v->epochs_n++] = e;
        if (e.epoch > v->report.epoch || e.n > v->report.n)
            verify_found(v, h->key, "epoch %" PRIu64 ", which ended at %" PRIu64 ", can't be past",
                         e.epoch, e.n);
    }
}

/* --- members ---------------------------------------------------------------------------------- */

void verify_member(struct verify *v, struct span where, struct span text, struct span host)
{
    struct member *m = mem_new(sizeof(*m));
    if (!member_read(text, m)) {
        verify_found(v, where, "the record of a member can't be read");
    } else if (host.p && !span_eq_str(host, m->host)) {
        verify_found(v, where, "it holds the record of %s", m->host);
    } else {
        for (size_t i = 0; i < m->spans_n; i++)
            if (m->spans[i].from > v->report.n ||
                (m->spans[i].to != MEMBER_SPAN_OPEN && m->spans[i].to > v->report.n))
                verify_found(v, where, "%s has a right to what is still to come", m->host);
    }
    free(m);
}

static void add_name(struct verify_names *names, struct span name)
{
    names->list = verify_room(names->list, names->n, &names->cap, sizeof(*names->list));
    names->list[names->n++] = mem_copy(name);
}

static void take_member(struct verify *v, const struct holding *h)
{
    struct span host = h->key;
    span_cut(&host, ':');
    add_name(&v->kept, host);
    v->report.members++;
    number(v, h->key, "ver", reply_text(reply_field(h->value, "ver")));
    verify_member(v, h->key, reply_text(reply_field(h->value, "m")), host);
}

static void take_members(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i < reply_len(h->value); i++)
        add_name(&v->listed, reply_text(reply_at(h->value, i)));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct verify_names *names)
{
    if (names->n)
        qsort(names->list, names->n, sizeof(*names->list), by_name);
}

static void members_end(struct verify *v)
{
    size_t i = 0;
    size_t k = 0;
    names_sort(&v->listed);
    names_sort(&v->kept);
    while (i < v->listed.n || k < v->kept.n) {
        int order = i == v->listed.n ? 1
                    : k == v->kept.n ? -1
                                     : strcmp(v->listed.list[i], v->kept.list[k]);
        if (order < 0)
            verify_found(v, SPAN("members"), "%s is listed and has no record", v->listed.list[i]);
        else if (order > 0)
            verify_found(v, SPAN("members"), "%s has a record and is not listed", v->kept.list[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

static void names_fini(struct verify_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i]);
    free(names->list);
}

/* --- shards ----------------------------------------------------------------------------------- */

/* The number behind the colon. False: it is none of this journal, which was found. */
static bool shard_at(struct verify *v, const struct holding *h, unsigned *ret)
{
    uint64_t shard = 0;
    struct span text = h->key;
    span_cut(&text, ':');
    if (!span_u64(text, UINT32_MAX, &shard) || shard >= v->report.shards) {
        verify_found(v, h->key, "there is no such shard");
        return false;
    }
    *ret = (unsigned)shard;
    return true;
}

static void check_home(struct verify *v, struct span where, struct span host, unsigned shard)
{
    if (shard_of(host, (unsigned)v->report.shards) != shard)
        verify_found(v, where, "%.*s belongs to another shard", SPAN_ARG(host));
}

static void check_position(struct verify *v, struct span where, struct span whose, uint64_t n)
{
    if (n > v->report.n)
        verify_found(v, where, "the cursor of %.*s, %" PRIu64 ", is beyond the journal",
                     SPAN_ARG(whose), n);
}

static void take_shard(struct verify *v, const struct holding *h)
{
    static const char *const lanes[] = {"low", "urgent"};
    unsigned shard;
    if (!shard_at(v, h, &shard))
        return;
    for (size_t i = 0; i < 2; i++)
        check_position(v, h->key, SPAN("the shard"), fact_or(v, h, lanes[i], 0));
    fact_or(v, h, "seq", 0);
}

static void take_own(struct verify *v, const struct holding *h)
{
    unsigned shard;
    if (!shard_at(v, h, &shard))
        return;
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct span host = reply_text(reply_at(h->value, i));
        struct cursor cursor;
        v->report.cursors++;
        check_home(v, h->key, host, shard);
        if (!cursor_read(reply_text(reply_at(h->value, i + 1)), &cursor)) {
            verify_found(v, h->key, "the cursor of %.*s can't be read", SPAN_ARG(host));
            continue;
        }
        check_position(v, h->key, host, cursor.low);
        check_position(v, h->key, host, cursor.urgent);
        v->report.behind += cursor.low < v->floor[0];
        cursor_fini(&cursor);
    }
}

static enum book_kind record_kind(struct span key)
{
    static const char *const names[] = {
#define X(name, text) text,
        BOOK_RECORDS(X)
#undef X
    };
    return (enum book_kind)span_among(key, names, BOOK_KIND_COUNT);
}

static void take_records(struct verify *v, const struct holding *h)
{
    struct span kind = h->key;
    unsigned shard;
    kind = span_cut(&kind, ':');
    if (!shard_at(v, h, &shard))
        return;
    struct book *book = book_new((unsigned)v->report.shards);
    for (size_t i = 0; i < reply_len(h->value); i += 2) {
        v->report.records++;
        if (!book_add_record(book, record_kind(kind), reply_text(reply_at(h->value, i))))
            verify_found(v, h->key, "a record can't be read");
    }
    for (size_t i = 0; i < book->records_n; i++)
        check_home(v, h->key, span_of(book->records[i].host), shard);
    book_free(&book);
}

static void take_last(struct verify *v, const struct holding *h)
{
    unsigned shard;
    if (!shard_at(v, h, &shard))
        return;
    struct book *book = book_new((unsigned)v->report.shards);
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct span host = reply_text(reply_at(h->value, i));
        check_home(v, h->key, host, shard);
        if (!book_add_recents(book, host, reply_text(reply_at(h->value, i + 1))))
            verify_found(v, h->key, "the attempts at %.*s can't be read", SPAN_ARG(host));
    }
    book_free(&book);
}

static void take_direct(struct verify *v, const struct holding *h)
{
    unsigned shard;
    if (!shard_at(v, h, &shard))
        return;
    for (size_t i = 0; i < reply_len(h->value); i++) {
        const struct redis_reply *letter = reply_at(h->value, i);
        const struct redis_reply *fields = reply_at(letter, 1);
        uint64_t n = id_number(reply_text(reply_at(letter, 0)));
        struct span host = reply_text(reply_field(fields, "h"));
        v->report.mail++;
        if (!n || n > v->report.n || !host.n || !reply_text(reply_field(fields, "b")).n ||
            !reply_text(reply_field(fields, "i")).n)
            verify_found(v, h->key, "direct mail %" PRIu64 " is not whole", n);
        else
            check_home(v, h->key, host, shard);
    }
}

static void take_object(struct verify *v, const struct holding *h)
{
    (void)h;
    v->report.objects++;
}

static void take_freezes(struct verify *v, const struct holding *h)
{
    for (size_t i = 0; i + 1 < reply_len(h->value); i += 2) {
        struct span boundary = reply_text(reply_at(h->value, i));
        struct freeze named;
        struct freeze freeze;
        if (!freeze_read(reply_text(reply_at(h->value, i + 1)), &freeze))
            verify_found(v, h->key, "the freeze of %.*s can't be read", SPAN_ARG(boundary));
        else if (!freeze_boundary_read(boundary, &named) || !freeze_same_boundary(&named, &freeze))
            verify_found(v, h->key, "the freeze of %.*s is about %s -> %s", SPAN_ARG(boundary),
                         freeze.from, freeze.to);
    }
}

/* --- which key is what ------------------------------------------------------------------------ */

static const struct {
    const char *name; /* with its colon where more follows */
    enum holding_kind kind;
    void (*take)(struct verify *v, const struct holding *h); /* NULL: its kind is all */
} keys[] = {
    {"log", HOLDING_HASH, take_log},
    {"epochs", HOLDING_HASH, take_epochs},
    {"marks", HOLDING_HASH, verify_marks},
    {"N", HOLDING_STREAM, verify_lane},
    {"U", HOLDING_STREAM, verify_lane},
    {"body:", HOLDING_TEXT, verify_body},
    {"members", HOLDING_SET, take_members},
    {"member:", HOLDING_HASH, take_member},
    {"shard:", HOLDING_HASH, take_shard},
    {"own:", HOLDING_HASH, take_own},
    {"fail:", HOLDING_SCORED, take_records},
    {"late:", HOLDING_SCORED, take_records},
    {"skip:", HOLDING_SCORED, take_records},
    {"cut:", HOLDING_SCORED, take_records},
    {"dropped:", HOLDING_SCORED, NULL},
    {"orders:", HOLDING_SCORED, NULL},
    {"when:", HOLDING_STREAM, NULL},
    {"when10:", HOLDING_STREAM, NULL},
    {"when60:", HOLDING_STREAM, NULL},
    {"when600:", HOLDING_STREAM, NULL},
    {"direct:", HOLDING_STREAM, take_direct},
    {"obj:", HOLDING_HASH, take_object},
    {"seen:", HOLDING_HASH, NULL},
    {"last:", HOLDING_HASH, take_last},
    {"down", HOLDING_HASH, NULL},
    {"objs:", HOLDING_HASH, NULL},
    {"aud", HOLDING_HASH, NULL},
    {"gone", HOLDING_HASH, NULL},
    {"out", HOLDING_HASH, verify_out},
    {"authors", HOLDING_SCORED, verify_authors},
    {"days", HOLDING_HASH, NULL},
    {"freezes", HOLDING_HASH, take_freezes},
    {"warned", HOLDING_HASH, verify_warned},
    {"audit", HOLDING_STREAM, verify_audit},
    {"holds", HOLDING_SCORED, verify_holds},
    {"holdsclosed", HOLDING_SCORED, verify_holds},
    {"hold:", HOLDING_HASH, verify_hold},
    {"heldof", HOLDING_HASH, NULL},
    {"heldby", HOLDING_HASH, NULL},
    {"proposals", HOLDING_HASH, NULL},
    {"tallies", HOLDING_SCORED, NULL},
    {"tally:", HOLDING_HASH, NULL},
    {"active:", HOLDING_TEXT, NULL},
};

static bool is_named(struct span key, const char *name)
{
    struct span wanted = span_of(name);
    return span_ends(wanted, SPAN(":")) ? span_starts(key, wanted) : span_eq(key, wanted);
}

struct verify *verify_new(audit_hash hash_of)
{
    struct verify *v = mem_new(sizeof(*v));
    v->audit.hash_of = hash_of;
    bytes_init(&v->report.findings, FINDINGS_SIZE);
    return v;
}

void verify_free(struct verify **verify)
{
    struct verify *v = *verify;
    *verify = NULL;
    if (!v)
        return;
    names_fini(&v->listed);
    names_fini(&v->kept);
    free(v->epochs);
    free(v->entries);
    free(v->recalled.list);
    bytes_fini(&v->report.findings);
    free(v);
}

enum err verify_take(void *arg, const struct holding *h)
{
    struct verify *v = arg;
    v->report.keys++;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (!is_named(h->key, keys[i].name))
            continue;
        if (h->kind != keys[i].kind)
            verify_found(v, h->key, "it is a %s, and should be a %s", holding_kind_name(h->kind),
                         holding_kind_name(keys[i].kind));
        else if (keys[i].take)
            keys[i].take(v, h);
        break;
    }
    return ERR_OK;
}

const struct verify_report *verify_end(struct verify *v)
{
    if (!v->report.id[0])
        verify_found(v, SPAN("log"), "there is no journal");
    verify_journal_end(v);
    verify_audit_end(v);
    verify_holds_end(v);
    members_end(v);
    return &v->report;
}
