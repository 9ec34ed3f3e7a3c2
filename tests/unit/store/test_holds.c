/* holds: what is kept for a person: how it gets there, what joins it, what takes it away, what
 * comes of a decision; each law with a script that breaks it. */
#include <stdio.h>
#include <string.h>

#include "relay/store/holds.h"
#include "relay/store/ledger.h"
#include "relay/store/scripts.h"
#include "tests/unit/store/journal_rig.h"
#include "tests/unit/store/story_rig.h"

enum { STEPS_MAX = 8 };

/* What is decided about item h: zones that get it, and zones that wait on. */
struct settling {
    int h;
    const char *sent, *kept;
    int revision;
    enum hold_state then; /* OPEN (not said): APPROVED */
    int ver;
    const char *freezes, *note;
};
#define SETTLE(h_, sent_, ...)                                                                     \
    {                                                                                              \
        .h = (h_), .sent = (sent_), __VA_ARGS__                                                    \
    }

struct step {
    const char *before; /* a command to Redis; NULL: none */
    struct post post;   /* what: NULL: none, but */
    struct settling settling;
    const char *answer;
};
struct story {
    const char *name;
    struct step steps[STEPS_MAX];
    const char *journal, *items;
};
#define POSTED(post_, answer_)                                                                     \
    {                                                                                              \
        NULL, post_, {0}, answer_                                                                  \
    }
#define SETTLED(settling_, answer_)                                                                \
    {                                                                                              \
        NULL, {0}, settling_, answer_                                                              \
    }

/* clang-format off */
static const struct story stories[] = {
    {"what some zones may have goes there at once, and waits for the others",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      SETTLED(SETTLE(2, "partners"), "approved 3"),
      SETTLED(SETTLE(2, "partners"), "closed approved")},
     "1<0 Create internal =c1\n3<1 Create partners =c1",
     "2 approved partners sent partners n 3"},
    {"what nobody may have yet is nowhere",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "internal,partners"), "HELD 1"),
      POSTED(POST("C c1", "o1", .audience = "", .held = "internal,partners"), "DUP 0"),
      POSTED(POST("C c1", "o1", .audience = "", .held = "internal", .content = "else"), "REUSED"),
      SETTLED(SETTLE(1, "internal,partners"), "approved 2"),
      POSTED(POST("C c1", "o1"), "DUP 2"),
      POSTED(POST("U u1", "o1", .stamp = 9), "OK 3")},
     "2<0 Create internal,partners =c1\n3<2 Update internal,partners",
     "1 approved internal,partners sent internal,partners n 2"},
    {"what is denied goes nowhere, and its bytes go",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      SETTLED(SETTLE(2, "", .then = HOLD_DENIED), "denied 0"),
      POSTED(POST("U u1", "o1", .audience = "internal,partners", .held = "partners", .stamp = 9), "OK 3")},
     "1<0 Create internal =c1\n3<1 Update internal",
     "2 denied partners"},
    {"an edit joins what is held, and goes to those who had it",
     {POSTED(POST("C c1", "o1", .held = "partners", .stamp = 10), "OK 1 held 2"),
      POSTED(POST("U u1", "o1", .audience = "guests", .held = "public", .stamp = 20), "OK 3 held 2"),
      POSTED(POST("U u2", "o1", .stamp = 30), "OK 4 held 2"),
      SETTLED(SETTLE(2, "partners", .revision = 1), "changed"),
      SETTLED(SETTLE(2, "partners", .revision = 2), "approved 6"),
      POSTED(POST("U u3", "o1", .stamp = 40), "OK 7")},
     "1<0 Create internal =c1\n3<1 Update internal (s4:0:internal s7:0:internal,partners)\n"
     "4<3 Update internal of 3 (s7:0:internal,partners)\n"
     "5<4 Create partners =c1\n6<5 Update partners (s7:0:internal,partners)\n"
     "7<6 Update internal,partners of 3 4 6",
     "2 approved r2 partners sent partners n 6"},
    {"an edit of what nobody has waits with it, the newest only",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "partners", .stamp = 10), "HELD 1"),
      POSTED(POST("U u1", "o1", .stamp = 30, .body = "newer"), "HELD 1"),
      POSTED(POST("U u1", "o1", .stamp = 30), "DUP 0"),
      POSTED(POST("U u2", "o1", .stamp = 20), "STALE"),
      POSTED(POST("U u3", "o1", .from = "b.example", .stamp = 40), "NOTOWNER"),
      SETTLED(SETTLE(1, "partners", .revision = 1), "approved 3")},
     "2<0 Create partners =c1\n3<2 Update partners",
     "1 approved r1 partners sent partners n 3"},
    {"what its author deletes disappears, and nobody is told who had nothing",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "partners"), "HELD 1"),
      POSTED(POST("D d1", "o1", .from = "b.example"), "NOTOWNER"),
      POSTED(POST("D d1", "o1"), "OK 2"),
      SETTLED(SETTLE(1, "partners"), "closed deleted"),
      POSTED(POST("D d1", "o1"), "DUP 0"),
      POSTED(POST("C c2", "o1", .stamp = 2999, .held = "partners"), "STALE")},
     "2<0! Delete ",
     "1 deleted partners"},
    {"what went somewhere is deleted there, and waits no more",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      POSTED(POST("D d1", "o1"), "OK 3"),
      SETTLED(SETTLE(2, "partners"), "closed deleted")},
     "1<0 Create internal =c1 (r3)\n3<0! Delete internal =c1+ of 1",
     "2 deleted partners"},
    {"an actor that is gone takes with it what is held of it",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "partners", .actor = "jo"), "HELD 1"),
      POSTED(POST("C c2", "o2", .audience = "", .held = "partners", .actor = "al"), "HELD 2"),
      POSTED(POST("D d1", "jo", .actor = "jo"), "OK 3")},
     "3<0! Delete internal",
     "2 open partners\n1 deleted partners"},
    {"what is announced waits once",
     {POSTED(POST("A a1", "o1", .audience = "", .held = "partners"), "HELD 1"),
      POSTED(POST("A a2", "o1", .audience = "", .held = "partners", .from = "b.example"), "DUP 0"),
      POSTED(POST("A a3", "o1", .held = "partners,public", .from = "b.example"), "OK 2 held 3"),
      SETTLED(SETTLE(1, "partners"), "approved 4"),
      POSTED(POST("A a4", "o1", .audience = "", .held = "partners"), "DUP 0"),
      SETTLED(SETTLE(3, "public"), "approved 5")},
     "2<0 Announce internal =a3\n4<2 Announce partners =a3\n5<4 Announce public =a3",
     "3 approved public sent public n 5\n1 approved partners sent partners n 4"},
    {"what was announced there meanwhile is not announced again",
     {POSTED(POST("A a1", "o1", .audience = "", .held = "partners"), "HELD 1"),
      POSTED(POST("A a2", "o1", .audience = "partners", .from = "b.example"), "OK 2"),
      SETTLED(SETTLE(1, "partners"), "approved 0")},
     "2<0 Announce partners =a2",
     "1 approved partners sent partners n 0"},
    {"what is announced is not held any more once its owner deletes it, or it is undone",
     {POSTED(POST("A a1", "o1", .audience = "", .held = "partners"), "HELD 1"),
      POSTED(POST("A a2", "o2", .audience = "", .held = "partners"), "HELD 2"),
      POSTED(POST("D d1", "o1", .from = "o.example"), "OK 3"),
      POSTED(POST("X x1", "a2"), "OK 4")},
     "3<0! Delete internal\n4<3! Undo ",
     "2 deleted partners\n1 deleted partners"},
    {"our Announce has the same id wherever it goes",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      POSTED(POST("A a1", "o1", .audience = "public", .from = "b.example"), "OK 3"),
      SETTLED(SETTLE(2, "partners"), "approved 4"),
      POSTED(POST("D d1", "o1", .from = "a.example"), "OK 5")},
     "1<0 Create internal =c1 (r5)\n3<1 Announce public =c1 (r5)\n4<3 Create partners =c1 (r5)\n"
     "5<0! Delete internal,public,partners =c1+ of 1 3 4",
     "2 approved partners sent partners n 4"},
    {"an Announce of ours that stands keeps its id",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "partners"), "HELD 1"),
      POSTED(POST("A a1", "o1", .audience = "public", .from = "b.example", .object_host = "a.example"), "OK 2"),
      SETTLED(SETTLE(1, "partners"), "approved 3")},
     "2<0 Announce public =a1\n3<2 Create partners =a1",
     "1 approved partners sent partners n 3"},
    {"some zones may go on waiting",
     {POSTED(POST("C c1", "o1", .held = "partners,public"), "OK 1 held 2"),
      SETTLED(SETTLE(2, "partners", .kept = "public"), "open 3"),
      SETTLED(SETTLE(2, "public"), "approved 4")},
     "1<0 Create internal =c1\n3<1 Create partners =c1\n4<3 Create public =c1",
     "2 approved public sent partners,public n 4"},
    {"a decision by a record or by freezes of before is made again",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      {"HSET {weir}:member:a.example ver 2 m record", {0}, SETTLE(2, "partners"), "again"},
      {"HSET {weir}:log freezes 7", {0}, SETTLE(2, "partners", .ver = 2), "again"},
      {NULL, {0}, SETTLE(2, "partners", .ver = 2, .freezes = "7"), "approved 3"}},
     "1<0 Create internal =c1\n3<1 Create partners =c1",
     "2 approved partners sent partners n 3"},
    {"there is room for so many, and for so much",
     {POSTED(POST("C c1", "o1", .audience = "", .held = "partners", .held_max = 1), "HELD 1"),
      POSTED(POST("C c2", "o2", .held = "partners", .held_max = 1), "HOLDFULL"),
      POSTED(POST("C c2", "o2", .held = "partners", .held_bytes = 3), "HOLDFULL"),
      POSTED(POST("U u1", "o1", .stamp = 9, .held_bytes = 3), "HOLDFULL"),
      POSTED(POST("U u1", "o1", .stamp = 9, .held_bytes = 4), "HELD 1"),
      POSTED(POST("C c2", "o2", .held_max = 1), "OK 2"),
      POSTED(POST("C c3", "o3", .held = "partners", .held_max = 2), "OK 3 held 4")},
     "2<0 Create internal =c2\n3<2 Create internal =c3",
     "1 open r1 partners\n4 open partners"},
    {"what was decided is written down, or it is not done",
     {POSTED(POST("C c1", "o1", .held = "partners"), "OK 1 held 2"),
      {"SET {weir}:audit wrong", {0}, SETTLE(2, "partners", .note = "{\"a\":1}"), "unreadable"},
      {"DEL {weir}:audit", {0}, SETTLE(2, "partners", .note = "{\"a\":1}"), "approved 3"}},
     "1<0 Create internal =c1\n3<1 Create partners =c1",
     "2 approved partners sent partners n 3"},
    {"what can't be kept is not half done",
     {{"SET {weir}:holds wrong", POST("C c1", "o1", .held = "partners"), {0}, "redis-reply"},
      {"DEL {weir}:holds", POST("C c1", "o1", .held = "partners"), {0}, "OK 1 held 2"},
      {"SET {weir}:holdsclosed wrong", POST("D d1", "o1"), {0}, "redis-reply"},
      {"DEL {weir}:holdsclosed", POST("D d1", "o1"), {0}, "OK 3"}},
     "1<0 Create internal =c1 (r3)\n3<0! Delete internal =c1+ of 1",
     "2 deleted partners"},
    {"of what is no item there is nothing to decide",
     {SETTLED(SETTLE(7, "partners"), "none")},
     "",
     ""},
};
/* clang-format on */

/* --- what is asked ---------------------------------------------------------------------------- */

struct settled {
    struct rig *rig;
    int calls;
    struct holds_settled answer;
};

static void on_settled(void *arg, const struct holds_settled *answer)
{
    struct settled *s = arg;
    s->calls++;
    s->answer = *answer;
    loop_stop(s->rig->loop);
}

static void whys(const char *zones, struct bytes *out)
{
    bytes_init(out, 4096);
    for (struct span rest = span_of(zones ? zones : ""); rest.n;) {
        const struct hold_why why = {span_cut(&rest, ','), SPAN("rule"), ERR_RULE_HOLDS};
        hold_why_write(&why, out);
    }
}

static const char *settle(struct rig *rig, const struct settling *s, int64_t now_ms)
{
    static char text[64];
    static const char *const words[] = {[HOLDS_NONE] = "none",
                                        [HOLDS_CHANGED] = "changed",
                                        [HOLDS_AGAIN] = "again",
                                        [HOLDS_FULL] = "full"};
    struct settled settled = {.rig = rig};
    struct bytes kept;
    whys(s->kept, &kept);
    const struct holds_settle ask = {.h = (uint64_t)s->h,
                                     .revision = (uint64_t)s->revision,
                                     .ver = (uint64_t)s->ver,
                                     .freezes = s->freezes ? s->freezes : "",
                                     .sent = span_of(s->sent),
                                     .kept = bytes_span(&kept),
                                     .then = s->then ? s->then : HOLD_APPROVED,
                                     .by = SPAN("bob"),
                                     .reason = SPAN("it is fine"),
                                     .note = span_of(s->note ? s->note : ""),
                                     .now_ms = now_ms};
    holds_settle(rig->store, &ask, on_settled, &settled);
    bytes_fini(&kept);
    assert_int_equal(settled.calls, 0);
    rig_await(rig, &settled.calls, 1);
    const struct holds_settled *a = &settled.answer;
    if (a->err != ERR_OK)
        return err_code(a->err);
    if (a->result == HOLDS_SETTLED)
        snprintf(text, sizeof text, "%s %d", hold_state_name(a->state), (int)a->n);
    else if (a->result == HOLDS_CLOSED)
        snprintf(text, sizeof text, "closed %s", hold_state_name(a->state));
    else
        return words[a->result];
    return text;
}

struct paged {
    struct rig *rig;
    int calls;
    struct bytes text;
    uint64_t open, bytes, next;
};

static void on_page(void *arg, const struct holds_page *page)
{
    struct paged *p = arg;
    p->calls++;
    p->open = page->open;
    p->bytes = page->bytes;
    p->next = page->next;
    assert_int_equal(page->err, ERR_OK);
    for (size_t i = 0; i < page->items_n; i++) {
        const struct hold_item *item = &page->items[i];
        bytes_addf(&p->text, "%s%d %s", p->text.n ? "\n" : "", (int)item->h,
                   hold_state_name(item->state));
        if (item->revision)
            bytes_addf(&p->text, " r%d", (int)item->revision);
        bytes_addf(&p->text, " %.*s", SPAN_ARG(item->zones));
        if (item->sent.n)
            bytes_addf(&p->text, " sent %.*s n %d", SPAN_ARG(item->sent), (int)item->n);
    }
    loop_stop(p->rig->loop);
}

static void read_items(struct rig *rig, bool closed, uint64_t after, size_t most, struct paged *p)
{
    int before = p->calls;
    p->rig = rig;
    holds_page(rig->store, closed, after, most, on_page, p);
    rig_await(rig, &p->calls, before + 1);
}

/* The open ones, then those that are closed. */
static bool items_are(struct rig *rig, const char *expected)
{
    struct paged p = {.calls = 0};
    bytes_init(&p.text, 1 << 16);
    read_items(rig, false, 0, 100, &p);
    read_items(rig, true, 0, 100, &p);
    bool same = span_eq_str(bytes_span(&p.text), expected);
    if (!same && !rig->broken)
        print_message("items: %s\n", bytes_str(&p.text));
    bytes_fini(&p.text);
    return same;
}

/* What it says of how many there are, and how much, is so. */
static bool counts_are_right(struct rig *rig)
{
    long items = 0, bytes = 0;
    char numbers[512];
    snprintf(numbers, sizeof numbers, "%s", ask(rig, "ZRANGE {weir}:holds 0 -1"));
    for (char *at = strpbrk(numbers, "0123456789"); at; at = strpbrk(at, "0123456789")) {
        long h = strtol(at, &at, 10);
        items++;
        static const char *const fields[] = {"b", "ub", "f"};
        for (size_t i = 0; i < 3; i++)
            bytes += strtol(ask(rig, "HSTRLEN {weir}:hold:%ld %s", h, fields[i]), NULL, 10);
    }
    struct paged p = {.calls = 0};
    bytes_init(&p.text, 1 << 16);
    read_items(rig, false, 0, 100, &p);
    bytes_fini(&p.text);
    return p.open == (uint64_t)items && p.bytes == (uint64_t)bytes;
}

/* --- the stories ------------------------------------------------------------------------------ */

static bool story_holds(struct rig *rig, size_t nth)
{
    const struct story *story = &stories[nth];
    rig_fresh(rig);
    for (int i = 0; i < STEPS_MAX && story->steps[i].answer; i++) {
        const struct step *step = &story->steps[i];
        struct post p = step->post;
        p.now = 1000LL * (i + 1);
        if (step->before)
            ask(rig, "%s", step->before);
        const char *answer = p.what ? post(rig, &p) : settle(rig, &step->settling, p.now);
        if (strcmp(answer, step->answer) != 0) {
            if (!rig->broken)
                print_message("%s, step %d: %s\n", story->name, i + 1, answer);
            return false;
        }
    }
    return journal_is(rig, story->journal) && items_are(rig, story->items) && counts_are_right(rig);
}

static const char *story_name(size_t i)
{
    return stories[i].name;
}

static const struct stories all = {sizeof stories / sizeof stories[0], story_name, story_holds};

static void test_stories(void **state)
{
    stories_hold(*state, &all);
}

/* What breaks each of them: when it is held, and when it is decided. */
static const struct story_break held_breaks[] = {
    {"what some zones may have goes there at once, and waits for the others",
     "elseif A.held ~= '' then\n  h = hold_open()", "elseif false then"},
    {"what nobody may have yet is nowhere", "A.held == '' and not joined then return 'NOBODY'",
     "not joined then return 'NOBODY'"},
    {"what nobody may have yet is nowhere",
     "remember(A.bucket, A.field, '0:' .. A.check)\n  return { 'HELD'", "return { 'HELD'"},
    {"an edit joins what is held, and goes to those who had it", "h = hold_join(joined)",
     "h = '0'"},
    {"what is denied goes nowhere, and its bytes go",
     "audience, A.held = obj.live and obj.aud or '', ''", "audience = obj.aud"},
    {"an edit joins what is held, and goes to those who had it",
     "redis.call('HINCRBY', hold_key(item.h), 'r', 1)", ""},
    {"an edit of what nobody has waits with it, the newest only",
     "if joined and stamp > 0 and stamp < joined.top then return 'STALE' end", ""},
    {"an edit of what nobody has waits with it, the newest only",
     "if A.kind ~= 'R' and item.from ~= A.owner then return { 'NOTOWNER' } end", ""},
    {"an edit of what nobody has waits with it, the newest only",
     "redis.call('HINCRBY', hold_key(item.h), 'len', more)", ""},
    {"what its author deletes disappears, and nobody is told who had nothing",
     "for h in pairs(closes) do hold_close", "for h in pairs({}) do hold_close"},
    {"what its author deletes disappears, and nobody is told who had nothing",
     "joined and '' or A.zone", "A.zone"},
    {"what went somewhere is deleted there, and waits no more",
     "item.object == A.object or item.objecthost", "item.objecthost"},
    {"an actor that is gone takes with it what is held of it",
     "A.gone == '1' and open_items(BY, A.actor) or {}", "{}"},
    {"an actor that is gone takes with it what is held of it", "list_put(BY, A.actor, h)", ""},
    {"what is announced waits once", ", waits(A.about))", ", '')"},
    {"what is announced waits once", "without(without(A.held, went)",
     "without(without(A.held, '')"},
    {"what is announced is not held any more once its owner deletes it, or it is undone",
     "or item.objecthost == A.owner", ""},
    {"what is announced is not held any more once its owner deletes it, or it is undone",
     "list_put(OF, A.about, h)", ""},
    {"what is announced is not held any more once its owner deletes it, or it is undone",
     "list_put(OF, A.object, h)", ""},
    {"there is room for so many, and for so much", "held_items >= tonumber(A.heldmost)", "false"},
    {"there is room for so many, and for so much", "(is_full or held_items", "(held_items"},
    {"there is room for so many, and for so much",
     "if joined and is_full then return 'HELDFULL' end", ""},
    {"what can't be kept is not half done", "and held_spoiled()", "and nil"},
};
static const struct story_break settle_breaks[] = {
    {"what some zones may have goes there at once, and waits for the others",
     "if item[1] ~= 'open' then return { 'CLOSED', item[1] } end", ""},
    {"what nobody may have yet is nowhere", "    stands(obj, about, audience, hash, went, n)", ""},
    {"an edit joins what is held, and goes to those who had it",
     "if item[2] ~= revision then return { 'CHANGED' } end", ""},
    {"an edit joins what is held, and goes to those who had it", "add(item[8], item[9])", ""},
    {"what was announced there meanwhile is not announced again",
     "if A.proof == '0' then audience = untold end", ""},
    {"an Announce of ours that stands keeps its id", "then hash = known.hash end",
     "then hash = hash end"},
    {"some zones may go on waiting", "if kept ~= '' then", "if false then"},
    {"some zones may go on waiting", "union(item[4] or '', sent)", "sent"},
    {"a decision by a record or by freezes of before is made again", "known ~= ver or ", ""},
    {"a decision by a record or by freezes of before is made again", "or (log[6] or '') ~= freezes",
     ""},
    {"what was decided is written down, or it is not done", "(note ~= '' and audit_spoiled())",
     "nil"},
    {"of what is no item there is nothing to decide", "if not item[1] then return { 'NONE' } end",
     "if not item[1] then return { 'CHANGED' } end"},
};

static void test_broken(void **state)
{
    stories_break(*state, &all, &script_append, held_breaks,
                  sizeof held_breaks / sizeof held_breaks[0]);
    stories_break(*state, &all, &script_settle, settle_breaks,
                  sizeof settle_breaks / sizeof settle_breaks[0]);
}

/* --- the item itself, pages, forgetting ------------------------------------------------------- */

struct got {
    struct rig *rig;
    int calls;
    enum err err;
    bool found;
    char text[1024];
};

static void on_item(void *arg, enum err err, const struct hold_item *item)
{
    struct got *got = arg;
    got->calls++;
    got->err = err;
    got->found = item != NULL;
    if (item)
        snprintf(got->text, sizeof got->text,
                 "%d %s %.*s %.*s %.*s %.*s %.*s [%.*s] [%.*s] [%.*s] %d bytes, closed %d by %.*s: "
                 "%.*s",
                 (int)item->h, hold_state_name(item->state), SPAN_ARG(item->from),
                 SPAN_ARG(item->zone), SPAN_ARG(item->id), SPAN_ARG(item->actor),
                 SPAN_ARG(item->type), SPAN_ARG(item->known), SPAN_ARG(item->body),
                 SPAN_ARG(item->update), (int)item->bytes, (int)item->closed_ms, SPAN_ARG(item->by),
                 SPAN_ARG(item->reason));
    loop_stop(got->rig->loop);
}

static const char *item_text(struct rig *rig, uint64_t h)
{
    static struct got got;
    got = (struct got){.rig = rig};
    holds_read(rig->store, h, on_item, &got);
    rig_await(rig, &got.calls, 1);
    assert_int_equal(got.err, ERR_OK);
    return got.found ? got.text : "none";
}

static void test_item(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    const struct post create =
        POST("C c1", "o1", .held = "partners", .now = 1000, .actor = "jo", .body = "first");
    const struct post update = POST("U u1", "o1", .now = 2000, .body = "second", .stamp = 5);
    const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED, .revision = 1);
    assert_string_equal(post(rig, &create), "OK 1 held 2");
    assert_string_equal(post(rig, &update), "OK 3 held 2");
    assert_string_equal(item_text(rig, 2), "2 open a.example internal c1 jo Create [-nyn] [first] "
                                           "[second] 11 bytes, closed 0 by : ");
    assert_string_equal(settle(rig, &deny, 3000), "denied 0");
    assert_string_equal(item_text(rig, 2), "2 denied a.example internal c1 jo Create [] [] [] 11 "
                                           "bytes, closed 3000 by bob: it is fine");
    assert_string_equal(item_text(rig, 7), "none");
}

struct sought {
    struct rig *rig;
    int calls;
    struct ledger_found found;
};

static void on_found(void *arg, const struct ledger_found *found)
{
    struct sought *s = arg;
    s->calls++;
    s->found = *found;
    loop_stop(s->rig->loop);
}

/* Found by its activity, its object and what it announces, open or closed, until it is forgotten.
 */
static bool are_found(struct rig *rig)
{
    static const struct post create = POST("C c1", "o1", .held = "partners", .now = 1000);
    static const struct post announce = POST("A a1", "o2", .held = "public", .now = 1000);
    static const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED);
    static const struct {
        const char *id;
        uint64_t h;
    } rows[] = {{"c1", 2}, {"o1", 2}, {"a1", 4}, {"o2", 4}, {"x1", 0}};
    bool right = true;
    post(rig, &create);
    post(rig, &announce);
    settle(rig, &deny, 2000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sought s = {.rig = rig};
        struct fake_hash hash = fake_hash(rows[i].id);
        ledger_find(rig->store, hash.bytes, 3000, on_found, &s);
        rig_await(rig, &s.calls, 1);
        right = right && s.found.held_n == (rows[i].h ? 1 : 0) &&
                (!rows[i].h || s.found.held[0] == rows[i].h);
    }
    return right;
}

static void test_found(void **state)
{
    static const struct twin twins[] = {
        {"by activity", are_found, &script_append, "list_put(OF, activity, h)", ""},
        {"by object", are_found, &script_append, "list_put(OF, A.object, h)", ""},
        {"by what it announces", are_found, &script_append, "list_put(OF, A.about, h)", ""},
        {"once", are_found, &script_find, "' ' .. h .. ' ', 1, true)", "'never', 1, true)"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* Page by page, each once; closed ones the newest first. */
static void test_pages(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    char id[8];
    char object[8];
    for (int i = 1; i <= 7; i++) {
        snprintf(id, sizeof id, "C c%d", i);
        snprintf(object, sizeof object, "o%d", i);
        const struct post p = POST(id, object, .audience = "", .held = "partners", .now = 1000 + i);
        post(rig, &p);
    }
    for (int h = 5; h <= 7; h++) {
        const struct settling deny = SETTLE(h, "", .then = HOLD_DENIED);
        settle(rig, &deny, 3000 + h);
    }
    static const struct {
        bool closed;
        uint64_t after;
        size_t most;
        const char *text;
        uint64_t next;
    } rows[] = {
        {false, 0, 3, "1 open partners\n2 open partners\n3 open partners", 3},
        {false, 3, 3, "4 open partners", 0},
        {false, 4, 3, "", 0},
        {false, 0, 4, "1 open partners\n2 open partners\n3 open partners\n4 open partners", 0},
        {true, 0, 2, "7 denied partners\n6 denied partners", 6},
        {true, 6, 2, "5 denied partners", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct paged p = {.calls = 0};
        bytes_init(&p.text, 1 << 16);
        read_items(rig, rows[i].closed, rows[i].after, rows[i].most, &p);
        assert_string_equal(bytes_str(&p.text), rows[i].text);
        assert_int_equal(p.next, rows[i].next);
        assert_int_equal(p.open, 4);
        bytes_fini(&p.text);
    }
}

struct swept {
    struct rig *rig;
    int calls;
    char text[128];
};

static void on_swept(void *arg, const struct holds_swept *a)
{
    struct swept *s = arg;
    s->calls++;
    int n = snprintf(s->text, sizeof s->text, "%s expired", err_code(a->err));
    for (size_t i = 0; i < a->expired_n; i++)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, " %d", (int)a->expired[i]);
    snprintf(s->text + n, sizeof s->text - (size_t)n,
             ", forgotten %d, open %d of %d, ever denied %d, expired %d%s", (int)a->forgotten,
             (int)a->open, (int)a->bytes, (int)a->closed[HOLD_DENIED], (int)a->closed[HOLD_EXPIRED],
             a->more ? ", more" : "");
    loop_stop(s->rig->loop);
}

static const char *sweep(struct rig *rig, int64_t now, int64_t before, int64_t forget)
{
    static struct swept swept;
    swept = (struct swept){.rig = rig};
    const struct holds_sweep ask = {now, before, forget};
    holds_sweep(rig->store, &ask, on_swept, &swept);
    rig_await(rig, &swept.calls, 1);
    return swept.text;
}

/* Three items, of 1000, 2000 and 3000; the second is denied at 2500. */
static bool forgets(struct rig *rig)
{
    static const struct post posts[] = {
        POST("C c1", "o1", .audience = "", .held = "partners", .now = 1000),
        POST("C c2", "o2", .audience = "", .held = "partners", .now = 2000),
        POST("C c3", "o3", .audience = "", .held = "partners", .now = 3000)};
    static const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED);
    for (size_t i = 0; i < 3; i++)
        post(rig, &posts[i]);
    settle(rig, &deny, 2500);
    static const struct {
        int64_t now, before, forget;
        const char *says;
    } rows[] = {
        {4000, 0, 0, "ok expired, forgotten 0, open 2 of 4, ever denied 1, expired 0"},
        {4000, 1000, 2500, "ok expired, forgotten 0, open 2 of 4, ever denied 1, expired 0"},
        {4000, 1001, 2501, "ok expired 1, forgotten 1, open 1 of 2, ever denied 1, expired 1"},
        {5000, 1001, 4001, "ok expired, forgotten 1, open 1 of 2, ever denied 1, expired 1"},
        {5000, 9000, 9000, "ok expired 3, forgotten 0, open 0 of 0, ever denied 1, expired 2"},
        {6000, 9000, 9000, "ok expired, forgotten 1, open 0 of 0, ever denied 1, expired 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(sweep(rig, rows[i].now, rows[i].before, rows[i].forget), rows[i].says) != 0) {
            if (!rig->broken)
                print_message("%s\n", rows[i].says);
            return false;
        }
    /* Nothing is left of them. */
    return strcmp(ask(rig, "EXISTS {weir}:hold:1 {weir}:hold:2 {weir}:hold:3 {weir}:holds "
                           "{weir}:holdsclosed {weir}:heldof {weir}:heldby"),
                  "0") == 0;
}

static void test_forgetting(void **state)
{
    static const struct twin twins[] = {
        {"too old", forgets, &script_holdsweep, ">= before then break", ">= before + 1 then break"},
        {"not too old", forgets, &script_holdsweep, ">= before then break", ">= 0 then break"},
        {"forgotten", forgets, &script_holdsweep, "'-inf', '(' .. forget", "'-inf', forget"},
        {"found no more", forgets, &script_holdsweep, "list_take(OF, got[i], h)", "local _ = h"},
        {"gone", forgets, &script_holdsweep, "redis.call('DEL', hold_key(h))", ""},
        {"by whom", forgets, &script_holdsweep, "list_take(BY, got[2], h)", ""},
        {"counted", forgets, &script_holdsweep, "hold_count(-1, -tonumber(got[1]))", ""},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_item),    cmocka_unit_test(test_pages),
        cmocka_unit_test(test_found),   cmocka_unit_test(test_forgetting),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
