/* holds: what is kept for a person: how it gets there, what joins it, what takes it away, what
 * comes of a decision; each law with a script that breaks it. */
#include <stdlib.h>
#include <string.h>

#include "relay/store/scripts.h"
#include "tests/unit/store/holds_rig.h"
#include "tests/unit/store/story_rig.h"

enum { STEPS_MAX = 8 };

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

static size_t times(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        n++;
    return n;
}

/* Also what was held meanwhile: a freeze asks for it. */
static bool all_say_where_from(struct rig *rig)
{
    const char *lines = ask(rig, "XRANGE {weir}:N - +");
    return times(lines, " k e ") == times(lines, " z internal");
}

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
    return journal_is(rig, story->journal) && all_say_where_from(rig) &&
           items_are(rig, story->items) && counts_are_right(rig);
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
     "version.zone = item[10] or ''", "version.zone = ''"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
