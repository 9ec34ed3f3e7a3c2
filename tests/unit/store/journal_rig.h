/* journal_rig: activities into a journal and the journal as text, for tests of the store. */
#pragma once

#include "tests/unit/store/store_rig.h"

#include "relay/rules/hold.h"
#include "relay/store/journal.h"
#include "relay/store/members.h"

/* One activity. `what`: its kind and id: `C c1` a Create, U Update, D Delete, X Undo of an
 * Announce, A Announce, O something else. Its object: what it is about (X: the Announce). */
struct post {
    const char *what, *object;
    const char *from;     /* NULL: a.example, which also owns the object */
    const char *audience; /* NULL: internal */
    int64_t stamp;
    bool proof;
    int64_t now;         /* 0: by the caller */
    const char *content; /* NULL: the object; another: the id stands for something else */
    uint64_t ver;
    const char *body;        /* NULL: the id */
    const char *object_host; /* NULL: o.example */
    const char *actor;       /* NULL: named as `from`; its Delete of itself takes all with it */
    const char *held;        /* zones that wait for a person; NULL: none */
    int64_t held_max;        /* 0: 100 items */
    int64_t held_bytes;      /* 0: 1 MB */
    const char *authors;     /* who it is of, with a blank between; NULL: nobody is asked for */
    const char *words;       /* y n -: what it was decided by; NULL: nothing was known */
};

/* clang-format off */ /* its versions disagree on a macro of braces */
#define POST(what_, object_, ...) {.what = (what_), .object = (object_), __VA_ARGS__}
/* clang-format on */

struct posted {
    int calls;
    struct rig *rig;
    enum err err;
    enum journal_result result;
    uint64_t n, held;
    char member[4096];
    char words[AUTHORS_ASKED_MAX + 1]; /* AGAIN, where authors were asked for */
};

/* Readable: the text itself, in 32 bytes. */
struct fake_hash {
    uint8_t bytes[32];
};
MAYBE static struct fake_hash fake_hash(const char *text)
{
    struct fake_hash h = {{0}};
    size_t n = strlen(text);
    assert_true(n <= 14);
    memcpy(h.bytes, text, n);
    return h;
}

MAYBE static void on_posted(void *arg, const struct journal_appended *answer)
{
    struct posted *posted = arg;
    posted->calls++;
    posted->err = answer->err;
    posted->result = answer->result;
    posted->n = answer->n;
    posted->held = answer->held;
    for (size_t i = 0; posted->words[0] && i < AUTHORS_ASKED_MAX; i++)
        posted->words[i] = answer->authors[i] == FACT_YES  ? 'y'
                           : answer->authors[i] == FACT_NO ? 'n'
                                                           : '-';
    snprintf(posted->member, sizeof posted->member, "%.*s", SPAN_ARG(answer->member));
    loop_stop(posted->rig->loop);
}

MAYBE static void post_send(struct rig *rig, const struct post *p, struct posted *ret)
{
    static const struct {
        char letter;
        enum journal_kind kind;
        enum activity_type type;
    } kinds[] = {{'C', JOURNAL_CREATE, ACTIVITY_CREATE},     {'U', JOURNAL_UPDATE, ACTIVITY_UPDATE},
                 {'D', JOURNAL_DELETE, ACTIVITY_DELETE},     {'X', JOURNAL_DELETE, ACTIVITY_UNDO},
                 {'A', JOURNAL_ANNOUNCE, ACTIVITY_ANNOUNCE}, {'O', JOURNAL_OTHER, ACTIVITY_LIKE}};
    size_t k = 0;
    while (kinds[k].letter != p->what[0])
        k++;
    const char *id = p->what + 2, *object = p->object ? p->object : "";
    bool announces = kinds[k].kind == JOURNAL_CREATE || kinds[k].kind == JOURNAL_ANNOUNCE;
    const char *actor = p->actor ? p->actor : p->from ? p->from : "a.example";
    struct fake_hash hashes[] = {fake_hash(id), fake_hash(p->content ? p->content : object),
                                 fake_hash(kinds[k].kind == JOURNAL_ANNOUNCE ? id : object),
                                 fake_hash(object), fake_hash(actor)};
    struct bytes why;
    bytes_init(&why, 4096);
    for (struct span held = span_of(p->held ? p->held : ""); held.n;) {
        const struct hold_why one = {span_cut(&held, ','), SPAN("a rule"), ERR_RULE_HOLDS};
        hold_why_write(&one, &why);
    }
    struct journal_append append = {
        .kind = kinds[k].kind,
        .from = span_of(p->from ? p->from : "a.example"),
        .ver = p->ver,
        .now_ms = p->now,
        .id_hash = hashes[0].bytes,
        .what_hash = hashes[1].bytes,
        .object_hash = kinds[k].kind == JOURNAL_OTHER ? NULL : hashes[2].bytes,
        .again_hash = announces ? hashes[3].bytes : NULL,
        .owner = span_of(p->from ? p->from : "a.example"),
        .stamp_ms = p->stamp,
        .audience = span_of(p->audience ? p->audience : "internal"),
        .zone = SPAN("internal"),
        .facts = {.type = kinds[k].type,
                  .undone = p->what[0] == 'X' ? ACTIVITY_ANNOUNCE : ACTIVITY_OTHER,
                  .has_proof = p->proof},
        .id = span_of(id),
        .object = span_of(object),
        .object_host = span_of(p->object_host ? p->object_host : "o.example"),
        .actor_hash = hashes[4].bytes,
        .gone = p->what[0] == 'D' && strcmp(object, actor) == 0,
        .body = span_of(p->body ? p->body : id),
        .hold = {.zones = span_of(p->held ? p->held : ""),
                 .why = bytes_span(&why),
                 .known = SPAN("-nyn"),
                 .fetched = SPAN(""),
                 .actor = span_of(actor),
                 .type = span_of(activity_type_name(kinds[k].type)),
                 .items_max = p->held_max ? p->held_max : 100,
                 .bytes_max = p->held_bytes ? p->held_bytes : 1000000}};
    struct fake_hash authors[AUTHORS_ASKED_MAX];
    struct span rest = span_of(p->authors ? p->authors : "");
    size_t said = 0;
    for (; rest.n && said < AUTHORS_ASKED_MAX; said++) {
        char name[16] = "", word = p->words ? p->words[said] : '-';
        struct author_said *one = &append.authors[said];
        one->actor = span_cut(&rest, ' ');
        one->says = word == 'y' ? FACT_YES : word == 'n' ? FACT_NO : FACT_UNKNOWN;
        span_copy(one->actor, name, sizeof name);
        authors[said] = fake_hash(name);
        one->hash = authors[said].bytes;
    }
    append.authors_n = said;
    *ret = (struct posted){.rig = rig, .words = {p->authors ? '-' : '\0'}};
    journal_append(rig->store, &append, on_posted, ret);
    bytes_fini(&why);
    assert_int_equal(ret->calls, 0); /* never from inside the call */
}

/* What came of it, in words: `OK 3`, `OK 3 held 4`, `HELD 4`, `DUP 1`, `STALE`, the code of an
 * error. */
MAYBE static const char *post_say(const struct posted *p)
{
    static const char *const words[] = {
        [JOURNAL_APPENDED] = "OK",        [JOURNAL_DUPLICATE] = "DUP",
        [JOURNAL_REUSED] = "REUSED",      [JOURNAL_STALE] = "STALE",
        [JOURNAL_NOT_OWNER] = "NOTOWNER", [JOURNAL_NOBODY] = "NOBODY",
        [JOURNAL_FULL] = "FULL",          [JOURNAL_AGAIN] = "AGAIN",
        [JOURNAL_HELD] = "HELD",          [JOURNAL_HOLD_FULL] = "HOLDFULL"};
    static char text[64];
    if (p->err != ERR_OK)
        snprintf(text, sizeof text, "%s", err_code(p->err));
    else if (p->result == JOURNAL_HELD)
        snprintf(text, sizeof text, "HELD %d", (int)p->held);
    else if (p->result == JOURNAL_AGAIN && p->words[0])
        snprintf(text, sizeof text, "AGAIN %s", p->words);
    else if (p->result == JOURNAL_APPENDED && p->held)
        snprintf(text, sizeof text, "OK %d held %d", (int)p->n, (int)p->held);
    else if (p->result == JOURNAL_APPENDED || p->result == JOURNAL_DUPLICATE)
        snprintf(text, sizeof text, "%s %d", words[p->result], (int)p->n);
    else
        snprintf(text, sizeof text, "%s", words[p->result]);
    return text;
}

MAYBE static const char *post(struct rig *rig, const struct post *p)
{
    struct posted posted;
    post_send(rig, p, &posted);
    rig_await(rig, &posted.calls, 1);
    return post_say(&posted);
}

/* --- the journal as text --------------------------------------------------------------------- */

struct told {
    struct rig *rig;
    int calls;
    enum err err;
    uint64_t n, floor;
    size_t lines_n;
    char first[48], last[48]; /* ids */
    struct bytes text;
};

/* The 14 bytes that fake_hash() was made of, back from hex. */
MAYBE static void unhash(const char *hex, char out[16])
{
    memset(out, 0, 16);
    for (size_t i = 0; i < 14 && hex[2 * i]; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (char)strtol(pair, NULL, 16);
    }
}

/* `of 1 2` and `(r5)`, `(s5:0:red s6:1:red,blue)`: what it is about, and the marks on it. */
MAYBE static void marks_text(const struct entry *e, struct bytes *out)
{
    for (size_t i = 0; i < e->of_n; i++)
        bytes_addf(out, "%s%d", i ? " " : " of ", (int)e->of[i]);
    for (size_t i = 0; i < e->marks_n; i++) {
        const struct entry_mark *m = &e->marks[i];
        bytes_addf(out, "%s%c%d", i ? " " : " (",
                   m->recalled    ? 'r'
                   : m->opted_out ? 'q'
                                  : 's',
                   (int)m->by);
        if (!m->recalled && !m->opted_out)
            bytes_addf(out, ":%d:%.*s", m->proof, SPAN_ARG(m->audience));
    }
    bytes_add_str(out, e->marks_n ? ")" : "");
}

/* `3<2 Create internal,partners =c1` (the hash that its Announce is made of), `+` where there is an
 * Announce of ours to undo, `~` where only those who follow our actor had it; `4<3 wake a.example`;
 * `5<4 join!` with a bang where it cuts; `6<3! Delete` with one where it is urgent. */
MAYBE static void line_text(const struct journal_line *line, struct bytes *out)
{
    static const char *const marks[] = {
        [ANNOUNCED_NO] = "", [ANNOUNCED_LITEPUB] = "~", [ANNOUNCED_ALL] = "+"};
    char hash[16];
    bytes_addf(out, "%s%d<%d%s ", out->n ? "\n" : "", (int)line->n, (int)line->previous,
               line->lane == LANE_URGENT ? "!" : "");
    switch (line->kind) {
    case JOURNAL_ENTRY:
        unhash(line->entry->announce, hash);
        bytes_addf(out, "%s %.*s", activity_type_name(line->entry->facts.type),
                   SPAN_ARG(line->entry->audience));
        if (hash[0])
            bytes_addf(out, " =%s", hash);
        bytes_add_str(out, marks[line->entry->facts.announced]);
        marks_text(line->entry, out);
        if (line->reason.p)
            bytes_addf(out, " \"%.*s\"", SPAN_ARG(line->reason));
        break;
    case JOURNAL_CONTROL:
        bytes_addf(out, "%.*s%s", SPAN_ARG(line->event), line->cuts ? "!" : "");
        break;
    case JOURNAL_WAKE: bytes_addf(out, "wake %.*s", SPAN_ARG(line->host)); break;
    case JOURNAL_ORDER:
        bytes_addf(out, "%s %d@%.*s", book_order_name(line->order), (int)line->of,
                   SPAN_ARG(line->host));
        break;
    case JOURNAL_GATES: bytes_addf(out, "gates %.*s", SPAN_ARG(line->gates)); break;
    }
}

MAYBE static void on_told(void *arg, const struct journal_page *page)
{
    struct told *told = arg;
    told->calls++;
    told->err = page->err;
    told->n = page->n;
    told->floor = page->floor[LANE_NORMAL];
    told->lines_n = page->lines_n;
    for (size_t i = 0; i < page->lines_n; i++) {
        line_text(&page->lines[i], &told->text);
        snprintf(i ? told->last : told->first, sizeof told->last, "%s", page->lines[i].id);
    }
    if (page->lines_n == 1)
        memcpy(told->last, told->first, sizeof told->last);
    loop_stop(told->rig->loop);
}

/* The caller gives it back with bytes_fini(&ret->text). */
MAYBE static void read_page(struct rig *rig, uint64_t after, size_t count, struct told *ret)
{
    *ret = (struct told){.rig = rig};
    bytes_init(&ret->text, 1 << 20);
    journal_page(rig->store, LANE_BOTH, after, count, on_told, ret);
    rig_await(rig, &ret->calls, 1);
}

MAYBE static bool journal_is(struct rig *rig, const char *expected)
{
    struct told told;
    read_page(rig, 0, 256, &told);
    bool same = told.err == ERR_OK && span_eq_str(bytes_span(&told.text), expected);
    if (!same && !rig->broken)
        print_message("%s: %s\n", err_code(told.err), bytes_str(&told.text));
    bytes_fini(&told.text);
    return same;
}

/* --- members --------------------------------------------------------------------------------- */

struct changed {
    int calls;
    struct rig *rig;
    enum err err;
    uint64_t n;
    char member[4096];
};

MAYBE static void on_member_changed(void *arg, const struct members_changed *answer)
{
    struct changed *changed = arg;
    changed->calls++;
    changed->err = answer->err;
    changed->n = answer->n;
    snprintf(changed->member, sizeof changed->member, "%.*s", SPAN_ARG(answer->member));
    loop_stop(changed->rig->loop);
}

/* A member that joins `zone` now, by a record made from version ver. mail: it is told so. */
MAYBE static void join(struct rig *rig, const char *host, uint64_t ver, const char *mail,
                       struct changed *ret)
{
    struct member m = {.state = MEMBER_ACTIVE, .ver = ver + 1, .spans_n = 1};
    snprintf(m.host, sizeof m.host, "%s", host);
    snprintf(m.zone, sizeof m.zone, "internal");
    struct member_follower follower = {.accepted = true};
    char inbox[MEMBER_URL_SIZE];
    snprintf(follower.actor, sizeof follower.actor, "https://%s/actor", host);
    snprintf(follower.follow, sizeof follower.follow, "https://%s/follow", host);
    snprintf(inbox, sizeof inbox, "https://%s/inbox", host);
    member_bring(&m, &follower, span_of(inbox));
    m.inboxes[0].from = MEMBER_HERE;
    struct members_letter letter = {span_of(inbox), SPAN("accept"), span_of(mail)};
    m.spans[0] = (struct member_span){.from = MEMBER_HERE, .to = MEMBER_SPAN_OPEN};
    snprintf(m.spans[0].zone, sizeof m.spans[0].zone, "internal");
    struct members_change change = {.after = &m,
                                    .ver = ver,
                                    .event = EVENT_FOLLOW,
                                    .now_ms = 1234,
                                    .letters = &letter,
                                    .letters_n = mail ? 1 : 0};
    *ret = (struct changed){.rig = rig};
    members_change(rig->store, &change, on_member_changed, ret);
    assert_int_equal(ret->calls, 0);
    rig_await(rig, &ret->calls, 1);
}
