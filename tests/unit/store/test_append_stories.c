/* append: what is taken, what is refused and why, where it goes; each law with a script that breaks
 * it. */

#include "tests/unit/store/journal_rig.h"
#include "tests/unit/store/story_rig.h"

enum { STEPS_MAX = 8, DAY = 86400000, WEEK = 7 * DAY };

/* Activities one after the other, a second apart unless they say when, each with its answer; and
 * the journal that they leave. */
struct story {
    const char *name;
    struct {
        const char *before; /* a command to Redis; NULL: none */
        struct post post;
        const char *answer;
    } steps[STEPS_MAX];
    const char *journal;
    const char *asked, *answered; /* a command to Redis afterwards; NULL: none */
};

static const struct story stories[] = {
    {"the same id is a repeat",
     {{NULL, POST("C c1", "o1"), "OK 1"}, {NULL, POST("C c1", "o1"), "DUP 1"}},
     "1<0 Create internal =c1",
     NULL,
     NULL},
    {"an id stands for one thing",
     {{NULL, POST("C c1", "o1"), "OK 1"}, {NULL, POST("C c1", "o1", .content = "else"), "REUSED"}},
     "1<0 Create internal =c1",
     NULL,
     NULL},
    {"a repeat in the following week is one",
     {{NULL, POST("O l1", NULL, .now = WEEK - 1), "OK 1"},
      {NULL, POST("O l1", NULL, .now = 2LL * WEEK - 1), "DUP 1"},
      {NULL, POST("O l2", NULL, .now = WEEK + 1), "OK 2"},
      {NULL, POST("O l1", NULL, .now = 3LL * WEEK), "OK 3"}},
     "1<0 Like internal\n2<1 Like internal\n3<2 Like internal",
     NULL,
     NULL},
    {"an Update that comes before its Create stands",
     {{NULL, POST("U u1", "o1", .stamp = 200), "OK 1"},
      {NULL, POST("C c1", "o1", .stamp = 100), "STALE"},
      {NULL, POST("C c1", "o1", .stamp = 100), "DUP 0"},
      {NULL, POST("U u2", "o1", .stamp = 200), "OK 2"},
      {NULL, POST("U u3", "o1", .stamp = 199), "STALE"}},
     "1<0 Update internal (s2:0:internal)\n2<1 Update internal of 1",
     NULL,
     NULL},
    {"what was deleted is not brought back by what was made before",
     {{NULL, POST("C c1", "o1", .stamp = 100), "OK 1"},
      {NULL, POST("D d1", "o1"), "OK 2"},
      {NULL, POST("U u1", "o1", .stamp = 2000), "STALE"}, /* deleted at 2000 */
      {NULL, POST("C c2", "o1", .stamp = 1999), "STALE"},
      {NULL, POST("U u2", "o1"), "STALE"},
      {NULL, POST("C c3", "o1", .stamp = 2001), "OK 3"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1+ of 1\n3<1 Create internal =c3",
     NULL,
     NULL},
    {"Create, Delete, Create, the same Delete: each has its effect",
     {{NULL, POST("C c1", "o1"), "OK 1"},
      {NULL, POST("D d1", "o1"), "OK 2"},
      {NULL, POST("D d1", "o1"), "DUP 0"},
      {NULL, POST("C c2", "o1"), "OK 3"}, /* without a stamp; the object was known */
      {NULL, POST("D d1", "o1"), "OK 4"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1+ of 1\n"
     "3<1 Create internal =c2 (r4)\n4<2! Delete internal =c2+ of 3",
     NULL,
     NULL},
    {"a Delete of something unknown: the sender's own zone, and a tombstone",
     {{NULL, POST("D d1", "o1", .audience = "internal,partners"), "OK 1"},
      {NULL, POST("D d1", "o1"), "DUP 0"},
      {NULL, POST("C c1", "o1"), "STALE"},
      {NULL, POST("C c2", "o1", .stamp = 2000), "STALE"}, /* deleted again at 2000 */
      {NULL, POST("C c3", "o1", .stamp = 2001, .audience = "partners"), "OK 2"}},
     "1<0! Delete internal\n2<0 Create partners =c3",
     "HMGET {weir}:obj:6f310000000000000000000000000000 live dead aud born",
     "(1 2000 partners 1)"},
    {"a repeated Delete counts as one of its time",
     {{NULL, POST("C c1", "o1"), "OK 1"},
      {NULL, POST("D d1", "o1", .now = 5000), "OK 2"},
      {NULL, POST("D d1", "o1", .now = 9000), "DUP 0"},
      {NULL, POST("D d2", "o1", .now = 4000), "DUP 0"},
      {NULL, POST("C c2", "o1", .stamp = 8000), "STALE"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1+ of 1",
     "HGET {weir}:obj:6f310000000000000000000000000000 dead",
     "9000"},
    {"Update and Delete go where the object went",
     {{NULL, POST("C c1", "o1", .audience = "internal,partners"), "OK 1"},
      {NULL, POST("U u1", "o1", .audience = "public"), "OK 2"},
      {NULL, POST("U u2", "o1", .audience = ""), "OK 3"},
      {NULL, POST("D d1", "o1", .audience = "public"), "OK 4"}},
     "1<0 Create internal,partners =c1 (r4)\n2<1 Update internal,partners (r4)\n"
     "3<2 Update internal,partners of 2 (r4)\n4<0! Delete internal,partners =c1+ of 1 2 3",
     NULL,
     NULL},
    {"a Create again adds to where it went",
     {{NULL, POST("C c1", "o1", .audience = "internal"), "OK 1"},
      {NULL, POST("C c2", "o1", .audience = "partners,internal"), "OK 2"},
      {NULL, POST("C c3", "o1", .audience = "public"), "OK 3"},
      {NULL, POST("D d1", "o1"), "OK 4"}},
     /* under the name of the first, which one Undo takes back */
     "1<0 Create internal =c1 (r4)\n2<1 Create partners,internal =c1 (r4)\n"
     "3<2 Create public =c1 (r4)\n4<0! Delete internal,partners,public =c1+ of 1 2 3",
     NULL,
     NULL},
    {"what nobody may have is not kept",
     {{NULL, POST("C c1", "o1", .audience = ""), "NOBODY"},
      {NULL, POST("C c1", "o1", .audience = ""), "NOBODY"},
      {NULL, POST("U u1", "o1", .audience = ""), "NOBODY"},
      {NULL, POST("C c1", "o1"), "OK 1"}},
     "1<0 Create internal =c1",
     NULL,
     NULL},
    {"nobody touches what is another's",
     {{NULL, POST("C c1", "o1"), "OK 1"},
      {NULL, POST("D d1", "o1", .from = "b.example"), "NOTOWNER"},
      {NULL, POST("U u1", "o1", .from = "b.example"), "NOTOWNER"},
      {NULL, POST("C c2", "o1", .from = "b.example"), "NOTOWNER"},
      {NULL, POST("X x1", "a1", .from = "b.example"), "OK 2"},
      {NULL, POST("A a1", "o2", .from = "a.example"), "NOTOWNER"}},
     "1<0 Create internal =c1\n2<0! Undo internal",
     NULL,
     NULL},
    {"an object is announced once, unless there is a proof",
     {{NULL, POST("A a1", "o1"), "OK 1"},
      {NULL, POST("A a2", "o1", .from = "b.example"), "DUP 0"},
      {NULL, POST("A a2", "o1", .from = "b.example"), "DUP 0"},
      {NULL, POST("A a3", "o1", .from = "c.example", .proof = true), "OK 2"},
      {NULL, POST("A a4", "o2"), "OK 3"}},
     "1<0 Announce internal =a1\n2<1 Announce internal\n3<2 Announce internal =a4",
     NULL,
     NULL},
    {"an Announce goes to the zones that have not had its object",
     {{NULL, POST("C c1", "o1"), "OK 1"},
      {NULL, POST("A a1", "o1", .from = "b.example"), "DUP 0"},
      {NULL, POST("A a2", "o1", .from = "b.example", .audience = "internal,partners"), "OK 2"},
      {NULL, POST("A a3", "o1", .from = "b.example", .audience = "partners,internal"), "DUP 0"},
      {NULL, POST("X x2", "a2", .from = "b.example", .audience = "internal"), "OK 3"},
      {NULL, POST("A a4", "o1", .from = "c.example", .audience = "internal,partners"), "OK 4"}},
     /* under the name of the first */
     "1<0 Create internal =c1\n2<1 Announce partners =c1 (r3)\n3<0! Undo partners =c1+ of 2\n"
     "4<2 Announce partners =c1",
     NULL,
     NULL},
    {"an Announce that was undone is no reason not to announce",
     {{NULL, POST("A a1", "o1", .now = WEEK - 1), "OK 1"},
      {NULL, POST("A a2", "o1", .from = "b.example", .now = WEEK - 1), "DUP 0"},
      {NULL, POST("X x1", "a1", .now = WEEK), "OK 2"},
      {NULL, POST("A a2", "o1", .from = "b.example", .now = WEEK), "DUP 0"},
      {NULL, POST("A a3", "o1", .from = "b.example", .now = WEEK + 1), "OK 3"}},
     "1<0 Announce internal =a1 (r2)\n2<0! Undo internal =a1+ of 1\n3<1 Announce internal =a3",
     NULL,
     NULL},
    {"an Undo takes back what was announced, and only that",
     {{NULL, POST("C c1", "o1", .proof = true), "OK 1"},
      {NULL, POST("D d1", "o1"), "OK 2"},
      {NULL, POST("C c2", "o2"), "OK 3"},
      {NULL, POST("U u2", "o2", .proof = true), "OK 4"},
      {NULL, POST("D d2", "o2", .proof = true), "OK 5"},
      {NULL, POST("C c3", "o2", .proof = true), "OK 6"},
      {NULL, POST("D d3", "o2"), "OK 7"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1~ of 1\n"
     "3<1 Create internal =c2 (r5)\n4<3 Update internal (r5)\n"
     "5<2! Delete internal =c2+ of 3 4\n6<4 Create internal =c3 (r7)\n"
     "7<5! Delete internal =c3~ of 6",
     NULL,
     NULL},
    {"what was announced is known: its owner's Delete goes there, and no older Announce afterwards",
     {{NULL, POST("A a1", "o1", .from = "b.example", .audience = "internal,partners"), "OK 1"},
      {NULL, POST("D d1", "o1", .from = "b.example"), "NOTOWNER"},
      {NULL, POST("D d1", "o1", .from = "o.example"), "OK 2"}, /* at 3000 */
      {NULL, POST("A a2", "o1", .from = "b.example"), "STALE"},
      {NULL, POST("A a3", "o1", .from = "b.example", .stamp = 3000), "STALE"},
      {NULL, POST("A a4", "o1", .from = "b.example", .stamp = 3001), "OK 3"}},
     "1<0 Announce internal,partners =a1 (r2)\n2<0! Delete internal,partners =a1+ of 1\n"
     "3<1 Announce internal =a4",
     NULL,
     NULL},
    {"where two told of it, one Undo leaves what the other told",
     {{NULL, POST("A a1", "o1", .from = "b.example"), "OK 1"},
      {NULL, POST("A a2", "o1", .from = "c.example", .audience = "internal,partners"), "OK 2"},
      {NULL, POST("X x2", "a2", .from = "c.example"), "OK 3"},
      {NULL, POST("D d1", "o1", .from = "o.example"), "OK 4"}},
     "1<0 Announce internal =a1 (r4)\n2<1 Announce partners =a1 (r3)\n"
     "3<0! Undo partners =a1+ of 2\n4<3! Delete internal,partners =a1+ of 1 2",
     NULL,
     NULL},
    {"what was undone is not undone again with its object",
     {{NULL, POST("A a1", "o1", .from = "b.example"), "OK 1"},
      {NULL, POST("X x1", "a1", .from = "b.example"), "OK 2"},
      {NULL, POST("D d1", "o1", .from = "o.example"), "OK 3"}},
     "1<0 Announce internal =a1 (r2)\n2<0! Undo internal =a1+ of 1\n3<2! Delete internal of 1",
     "HGET {weir}:obj:6f310000000000000000000000000000 e",
     "1a 2x 3d"},
    {"to whom our Announce went is remembered until it is taken back",
     {{NULL, POST("C c1", "o1", .proof = true), "OK 1"},
      {NULL, POST("C c2", "o1", .proof = true), "OK 2"},
      {NULL, POST("D d1", "o1", .proof = true), "OK 3"},
      {NULL, POST("C c3", "o1"), "OK 4"},
      {NULL, POST("C c4", "o1", .proof = true), "OK 5"},
      {NULL, POST("D d2", "o1", .proof = true), "OK 6"},
      {NULL, POST("C c5", "o1", .proof = true), "OK 7"},
      {NULL, POST("D d3", "o1"), "OK 8"}},
     "1<0 Create internal =c1 (r3)\n2<1 Create internal =c1 (r3)\n"
     "3<0! Delete internal =c1~ of 1 2\n4<2 Create internal =c3 (r6)\n"
     "5<4 Create internal =c3 (r6)\n6<3! Delete internal =c3+ of 4 5\n"
     "7<5 Create internal =c5 (r8)\n8<6! Delete internal =c5~ of 7",
     "HGET {weir}:obj:6f310000000000000000000000000000 e",
     "1 2 3d 4 5 6d 7 8d"},
    {"an Announce to all of what only some were told of counts for all",
     {{NULL, POST("C c1", "o1", .from = "o.example", .proof = true), "OK 1"},
      {NULL, POST("A a1", "o1", .from = "b.example", .audience = "partners"), "OK 2"},
      {NULL, POST("D d1", "o1", .from = "o.example"), "OK 3"}},
     "1<0 Create internal =c1 (r3)\n2<1 Announce partners =c1 (r3)\n"
     "3<0! Delete internal,partners =c1+ of 1 2",
     NULL,
     NULL},
    {"a Delete can be found by its id, which is its own",
     {{NULL, POST("C c1", "o1"), "OK 1"},
      {NULL, POST("D d1", "o1"), "OK 2"},
      {NULL, POST("C d1", "o2", .content = "else"), "REUSED"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1+ of 1",
     "HVALS {weir}:seen:0:0",
     "(1:6f310000 2:6f310000)"},
    {"a host that was given up for now shows that it lives",
     {{"HSET {weir}:down a.example 7 b.example 7", POST("C c1", "o1"), "OK 2"},
      {NULL, POST("C c2", "o2"), "OK 3"},
      {NULL, POST("C c1", "o1", .from = "b.example"), "NOTOWNER"},
      {"HSET {weir}:down a.example 8", POST("C c2", "o2"), "DUP 3"}},
     "1<0 wake a.example\n2<1 Create internal =c1\n3<2 Create internal =c2\n4<3 wake a.example",
     "HGETALL {weir}:down",
     "(b.example 7)"},
    {"a decision by a record that is not the member's now is made again",
     {{"HSET {weir}:member:a.example ver 2 m record", POST("C c1", "o1", .ver = 1), "AGAIN"},
      {NULL, POST("C c1", "o1"), "AGAIN"},
      {NULL, POST("C c1", "o1", .ver = 2), "OK 1"},
      {"DEL {weir}:member:a.example", POST("C c2", "o2", .ver = 2), "AGAIN"}},
     "1<0 Create internal =c1",
     NULL,
     NULL},
};

static bool story_holds(struct rig *rig, size_t nth)
{
    const struct story *story = &stories[nth];
    rig_fresh(rig);
    for (int i = 0; i < STEPS_MAX && story->steps[i].answer; i++) {
        struct post p = story->steps[i].post;
        p.now = p.now ? p.now : 1000LL * (i + 1);
        if (story->steps[i].before)
            ask(rig, "%s", story->steps[i].before);
        const char *answer = post(rig, &p);
        if (strcmp(answer, story->steps[i].answer) != 0) {
            if (!rig->broken)
                print_message("%s, step %d: %s\n", story->name, i + 1, answer);
            return false;
        }
    }
    if (!journal_is(rig, story->journal))
        return false;
    return !story->asked || strcmp(ask(rig, "%s", story->asked), story->answered) == 0;
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

/* What breaks each of them. */
static const struct story_break breaks[] = {
    {"the same id is a repeat", "if check == A.check", "if false"},
    {"the same id is a repeat", "remember(A.bucket, A.field, n ..", "local _ = (n .."},
    {"an id stands for one thing", "return 'REUSED'", "return 'DUP', n"},
    {"a repeat in the following week is one", "tonumber(A.week) - 1, -1 do",
     "tonumber(A.week), -1 do"},
    {"an Update that comes before its Create stands", "stamp < obj.top or ", ""},
    {"an Update that comes before its Create stands", "refusal == 'STALE' or ", ""},
    {"what was deleted is not brought back by what was made before", "or stamp <= obj.dead", ""},
    {"what was deleted is not brought back by what was made before", "A.kind == 'U' or not", "not"},
    {"Create, Delete, Create, the same Delete: each has its effect",
     "local function decide_delete()",
     "local function decide_delete()\n  local k = P .. 'seen:' .. A.week .. ':' .. A.bucket\n"
     "  if redis.call('HSETNX', k, A.field, '1:') == 0 then return 'DUP', '0' end"},
    {"Create, Delete, Create, the same Delete: each has its effect", "or not obj.born",
     "or obj.top == 0"},
    {"a Delete of something unknown: the sender's own zone, and a tombstone", "or A.zone",
     "or A.audience"},
    {"a Delete of something unknown: the sender's own zone, and a tombstone", "'born', '1',",
     "'born', '0',"},
    {"a Delete of something unknown: the sender's own zone, and a tombstone", "or not obj.born",
     "or false"},
    {"a repeated Delete counts as one of its time", "redis.call('HSET', obj.key, 'dead', dead)",
     "dead = 0"},
    {"a repeated Delete counts as one of its time", "math.max(obj.dead, tonumber(A.now))",
     "tonumber(A.now)"},
    {"Update and Delete go where the object went", "if obj.live or joined then", "if joined then"},
    {"Update and Delete go where the object went", "obj.owner and obj.aud or", "A.audience or"},
    {"a Create again adds to where it went", "union(known.live and known.aud or '', audience)",
     "audience"},
    {"a Create again adds to where it went", "known.live and known.hash ~= ''", "false"},
    {"what nobody may have is not kept", "return 'NOBODY'", "return 'STALE'"},
    {"nobody touches what is another's", "obj.owner ~= A.owner", "false"},
    {"an object is announced once, unless there is a proof", "audience = untold", ""},
    {"an object is announced once, unless there is a proof", "if A.proof == '0' then audience",
     "if true then audience"},
    {"an Announce that was undone is no reason not to announce", "or first == '0'", ""},
    {"an Announce goes to the zones that have not had its object", "union(went, audience))",
     "audience)"},
    {"an Announce goes to the zones that have not had its object", "without(undone, audience)",
     "''"},
    {"an Announce that was undone is no reason not to announce", "if obj.againfield ~= '' then",
     "if false then"},
    {"an Undo takes back what was announced, and only that", "A.proof == '0' and 2 or 1", "2"},
    {"an Undo takes back what was announced, and only that", "if known.live then standing_hash",
     "if false then standing_hash"},
    {"an Undo takes back what was announced, and only that", "if known.live then standing_hash",
     "if true then standing_hash"},
    {"what was announced is known: its owner's Delete goes there, and no older Announce afterwards",
     "keep(about, { 'owner', about.owner or A.objecthost })", "local _ = about"},
    {"what was announced is known: its owner's Delete goes there, and no older Announce afterwards",
     "about.owner or A.objecthost", "about.owner or A.owner"},
    {"what was announced is known: its owner's Delete goes there, and no older Announce afterwards",
     "stamp <= about.dead then", "false then"},
    {"what was announced is known: its owner's Delete goes there, and no older Announce afterwards",
     "stamp <= about.dead then", "true then"},
    {"where two told of it, one Undo leaves what the other told", "and about.aud == audience", ""},
    {"where two told of it, one Undo leaves what the other told",
     "local known = A.about ~= '' and about or obj", "local known = obj"},
    {"what was undone is not undone again with its object", "if about.hash == hash", "if false"},
    {"what was undone is not undone again with its object",
     "redis.call('HSET', about.key, 'e', with(about.entries, n .. 'x') or about.entries)", ""},
    {"to whom our Announce went is remembered until it is taken back",
     "math.max(out, A.proof == '0' and 2 or 1)", "A.proof == '0' and 2 or 1"},
    {"to whom our Announce went is remembered until it is taken back",
     "standing_hash, out = known.hash, known.out end", "standing_hash = known.hash end"},
    {"to whom our Announce went is remembered until it is taken back",
     "if known.live then standing", "if true then standing"},
    {"to whom our Announce went is remembered until it is taken back",
     "announced = obj.hash, obj.out", "announced = obj.hash, 2"},
    {"to whom our Announce went is remembered until it is taken back",
     "'e', with(obj.entries, n .. 'd'))", "'e', obj.entries)"},
    {"an Announce to all of what only some were told of counts for all",
     "math.max(out, A.proof == '0' and 2 or 1)", "math.max(out, 1)"},
    {"a Delete can be found by its id, which is its own",
     "remember(A.bucket, A.field, n .. ':' .. A.check)",
     "if A.kind ~= 'D' then remember(A.bucket, A.field, n .. ':' .. A.check) end"},
    {"a host that was given up for now shows that it lives",
     "redis.pcall('HDEL', P .. 'down', A.from) == 1", "false"},
    {"a host that was given up for now shows that it lives", "previous[lane] = n\n", ""},
    {"a decision by a record that is not the member's now is made again", "~= A.ver", "== 'never'"},
};

static void test_broken(void **state)
{
    stories_break(*state, &all, &script_append, breaks, sizeof breaks / sizeof breaks[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
