/* marks: what a later activity does away with of an earlier one, and how much of one object may
 * wait; what an operator recalls, and what goes with its actor. */
#include "tests/unit/store/journal_rig.h"
#include "tests/unit/store/story_rig.h"

enum { STEPS_MAX = 8 };

/* Activities one after the other, a second apart unless they say when; `R o1` is a recall. */
struct story {
    const char *name;
    struct {
        struct post post;
        const char *answer;
    } steps[STEPS_MAX];
    const char *journal;
    const char *bodies; /* of which entries there are, ascending */
};

static const struct story stories[] = {
    {"a Delete takes back what waits, each version of it",
     {{POST("C c1", "o1"), "OK 1"},
      {POST("C c2", "o2"), "OK 2"},
      {POST("U u1", "o1"), "OK 3"},
      {POST("D d1", "o1"), "OK 4"}},
     "1<0 Create internal =c1 (r4)\n2<1 Create internal =c2\n3<2 Update internal (r4)\n"
     "4<0! Delete internal =c1+ of 1 3",
     "2 4"},
    {"what was taken back is not taken back twice, and what comes again is another matter",
     {{POST("C c1", "o1"), "OK 1"},
      {POST("D d1", "o1"), "OK 2"},
      {POST("C c2", "o1", .audience = "partners"), "OK 3"},
      {POST("U u2", "o1", .stamp = 9000), "OK 4"}, /* goes where it is now, not where it was */
      {POST("D d1", "o1"), "OK 5"}},
     "1<0 Create internal =c1 (r2)\n2<0! Delete internal =c1+ of 1\n"
     "3<1 Create partners =c2 (r5)\n4<3 Update partners (r5)\n"
     "5<2! Delete partners =c2+ of 3 4",
     "2 5"},
    {"an Update replaces the Updates before it, never the Create",
     {{POST("C c1", "o1"), "OK 1"},
      {POST("U u1", "o1"), "OK 2"},
      {POST("U u2", "o1"), "OK 3"},
      {POST("U u3", "o1"), "OK 4"}},
     "1<0 Create internal =c1\n2<1 Update internal (s3:0:internal s4:0:internal)\n"
     "3<2 Update internal of 2 (s4:0:internal)\n4<3 Update internal of 2 3",
     "1 2 3 4"},
    {"only one of the same form",
     {{POST("C c1", "o1"), "OK 1"},
      {POST("U u1", "o1", .proof = true), "OK 2"},
      {POST("U u2", "o1"), "OK 3"},
      {POST("U u3", "o1", .proof = true), "OK 4"}},
     "1<0 Create internal =c1\n2<1 Update internal (s4:1:internal)\n3<2 Update internal\n"
     "4<3 Update internal of 2",
     "1 2 3 4"},
    {"only one that goes as far",
     {{POST("U u1", "o1", .audience = "internal,partners"), "OK 1"},
      {POST("D d1", "o1"), "OK 2"},
      {POST("U u2", "o1", .audience = "internal,partners", .stamp = 9000), "OK 3"},
      {POST("U u3", "o1", .audience = "internal", .stamp = 9001), "OK 4"}},
     "1<0 Update internal,partners (r2)\n2<0! Delete internal,partners of 1\n"
     "3<1 Update internal,partners (s4:0:internal,partners)\n"
     "4<3 Update internal,partners of 3",
     "2 3 4"},
    {"a Delete of what was replaced takes that back, too",
     {{POST("U u1", "o1"), "OK 1"}, {POST("U u2", "o1"), "OK 2"}, {POST("D d1", "o1"), "OK 3"}},
     "1<0 Update internal (r3)\n2<1 Update internal of 1 (r3)\n3<0! Delete internal of 1 2",
     "3"},
    {"an Undo takes back its Announce alone",
     {{POST("A a1", "o1", .from = "b.example", .proof = true), "OK 1"},
      {POST("A a2", "o1", .from = "c.example", .proof = true), "OK 2"},
      {POST("X x1", "a1", .from = "b.example"), "OK 3"}},
     "1<0 Announce internal =a1 (r3)\n2<1 Announce internal\n3<0! Undo internal =a1~ of 1",
     "2 3"},
    {"the owner's Delete takes back what others announced",
     {{POST("C c1", "o1", .from = "o.example"), "OK 1"},
      {POST("A a2", "o1", .from = "c.example", .proof = true), "OK 2"},
      {POST("D d1", "o1", .from = "o.example"), "OK 3"}},
     "1<0 Create internal =c1 (r3)\n2<1 Announce internal (r3)\n3<0! Delete internal =c1+ of 1 2",
     "3"},
    {"an operator takes back what waits, and it does not come back",
     {{POST("C c1", "o1"), "OK 1"},
      {POST("U u1", "o1"), "OK 2"},
      {POST("R", "o1"), "OK 3"},
      {POST("U u2", "o1", .stamp = 90000), "STALE"},
      {POST("C c2", "o1", .stamp = 90000), "STALE"},
      {POST("A a1", "o1", .from = "b.example", .stamp = 90000), "STALE"},
      {POST("R", "o1"), "object-gone"}},
     "1<0 Create internal =c1 (r3)\n2<1 Update internal (r3)\n"
     "3<0! Undo internal =c1+ of 1 2 \"why not\"",
     ""},
    {"what an operator recalled is still deleted by its owner, for those who had it as it was",
     {{POST("C c1", "o1", .proof = true), "OK 1"},
      {POST("R", "o1"), "OK 2"},
      {POST("D d1", "o1", .proof = true), "OK 3"},
      {POST("D d1", "o1", .proof = true), "DUP 0"}},
     "1<0 Create internal =c1 (r2)\n2<0! Undo internal =c1~ of 1 \"why not\"\n"
     "3<2! Delete internal",
     "3"},
    {"nothing can be recalled that is not known", {{POST("R", "o1"), "not-known"}}, "", ""},
    {"who is gone takes all that it posted with it, wherever that may have gone",
     {{POST("C c1", "o1", .actor = "a"), "OK 1"},
      {POST("C c2", "o2", .actor = "b"), "OK 2"},
      {POST("O l1", NULL, .actor = "a"), "OK 3"},
      {POST("D d1", "a", .actor = "a", .audience = "partners"), "OK 4"},
      {POST("D d1", "a", .actor = "a", .audience = "partners"), "DUP 0"},
      {POST("C c3", "o3", .actor = "a"), "OK 5"}},
     "1<0 Create internal =c1 (r4)\n2<1 Create internal =c2\n3<2 Like internal (r4)\n"
     "4<0! Delete internal,partners\n5<3 Create internal =c3",
     "1 2 3 4 5"},
};

struct recalled {
    int calls;
    struct rig *rig;
    struct journal_recalled answer;
};

static void on_recalled(void *arg, const struct journal_recalled *answer)
{
    struct recalled *r = arg;
    r->calls++;
    r->answer = *answer;
    loop_stop(r->rig->loop);
}

static const char *recall(struct rig *rig, const struct post *p)
{
    static char text[64];
    struct fake_hash hash = fake_hash(p->object);
    struct recalled r = {.rig = rig};
    struct journal_recall ask = {.object_hash = hash.bytes,
                                 .object = span_of(p->object),
                                 .object_host = SPAN("o.example"),
                                 .reason = SPAN("why not"),
                                 .now_ms = p->now};
    journal_recall(rig->store, &ask, on_recalled, &r);
    assert_int_equal(r.calls, 0);
    rig_await(rig, &r.calls, 1);
    if (r.answer.err != ERR_OK)
        return err_code(r.answer.err);
    snprintf(text, sizeof text, "OK %d", (int)r.answer.n);
    return text;
}

static bool bodies_are(struct rig *rig, const char *expected)
{
    char text[64] = "", key[40];
    size_t n = 0;
    for (int i = 1; i <= STEPS_MAX; i++) {
        snprintf(key, sizeof key, "EXISTS {weir}:body:%d", i);
        if (strcmp(ask(rig, "%s", key), "1") == 0)
            n += (size_t)snprintf(text + n, sizeof text - n, n ? " %d" : "%d", i);
    }
    if (strcmp(text, expected) != 0 && !rig->broken)
        print_message("bodies: %s\n", text);
    return strcmp(text, expected) == 0;
}

static bool story_holds(struct rig *rig, size_t nth)
{
    const struct story *story = &stories[nth];
    rig_fresh(rig);
    for (int i = 0; i < STEPS_MAX && story->steps[i].answer; i++) {
        struct post p = story->steps[i].post;
        p.now = 1000LL * (i + 1);
        const char *answer = p.what[0] == 'R' ? recall(rig, &p) : post(rig, &p);
        if (strcmp(answer, story->steps[i].answer) != 0) {
            if (!rig->broken)
                print_message("%s, step %d: %s\n", story->name, i + 1, answer);
            return false;
        }
    }
    return journal_is(rig, story->journal) && bodies_are(rig, story->bodies);
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
    {"a Delete takes back what waits, each version of it", "local mark = 'r' .. n",
     "local mark = 'r' .. n + 1"},
    {"a Delete takes back what waits, each version of it",
     "if takes_back then redis.call('UNLINK', unpack(bodies)) end", ""},
    {"a Delete takes back what waits, each version of it", "line(takes_back and 'U' or 'N'",
     "line('N'"},
    {"what was taken back is not taken back twice, and what comes again is another matter",
     "      out = {}\n", ""},
    {"what was taken back is not taken back twice, and what comes again is another matter",
     "known.live and known.aud or ''", "known.aud"},
    {"an Update replaces the Updates before it, never the Create",
     "return e.kind == 'u' and later.kind == 'u' and e.proof == later.proof and",
     "return later.kind == 'u' and"},
    {"an Update replaces the Updates before it, never the Create", "(was and was .. ';' or '')",
     "''"},
    {"only one of the same form", "e.proof == later.proof and", ""},
    {"an Undo takes back its Announce alone", "standing(obj.entries)",
     "standing(obj.entries .. ' ' .. about.entries)"},
    {"an operator takes back what waits, and it does not come back",
     "if obj.recalled or about.recalled then return 'STALE' end",
     "if about.recalled then return 'STALE' end"},
    {"an operator takes back what waits, and it does not come back",
     "if obj.recalled or about.recalled then return 'STALE' end",
     "if obj.recalled then return 'STALE' end"},
    {"what an operator recalled is still deleted by its owner, for those who had it as it was",
     "(A.kind == 'R' or not obj.recalled)", "true"},
    {"what an operator recalled is still deleted by its owner, for those who had it as it was",
     "if A.kind == 'R' then redis.call('HSET', obj.key, 'hash', '', 'out', '0') end", ""},
    {"nothing can be recalled that is not known", "return 'NONE'", "return 'DUP'"},
    {"who is gone takes all that it posted with it, wherever that may have gone",
     "if A.gone == '1' then audience = union(audience, A.audience) end", ""},
    {"who is gone takes all that it posted with it, wherever that may have gone",
     "if A.gone == '1' then redis.call('HSET'", "if false then redis.call('HSET'"},
};
static const struct story_break page_breaks[] = {
    {"who is gone takes all that it posted with it, wherever that may have gone",
     "number(entry) < tonumber(by)", "true"},
};

static void test_broken(void **state)
{
    stories_break(*state, &all, &script_append, breaks, sizeof breaks / sizeof breaks[0]);
    stories_break(*state, &all, &script_page, page_breaks,
                  sizeof page_breaks / sizeof page_breaks[0]);
}

/* --- how many -------------------------------------------------------------------------------- */

#define O1 "{weir}:obj:6f310000000000000000000000000000"

static const char *post_nth(struct rig *rig, int i, const char *kind, const char *from)
{
    char what[16];
    snprintf(what, sizeof what, "%s k%d", kind, i);
    struct post p = {what, "o1", .now = i, .proof = kind[0] == 'A', .from = from};
    return post(rig, &p);
}

/* 32 versions of one object: those that a newer one replaces give way, and what is left is refused
 * until some of it has gone; what deletes it is never. */
static bool versions_are_bounded(struct rig *rig)
{
    rig_fresh(rig);
    for (int i = 1; i <= 20; i++)
        if (strncmp(post_nth(rig, i, "C", NULL), "OK", 2) != 0)
            return false;
    for (int i = 21; i <= 60; i++)
        if (strncmp(post_nth(rig, i, "U", NULL), "OK", 2) != 0)
            return false;
    if (strcmp(ask(rig, "HGET " O1 " e"),
               "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 49:0:internal 50:0:internal "
               "51:0:internal 52:0:internal 53:0:internal 54:0:internal 55:0:internal "
               "56:0:internal 57:0:internal 58:0:internal 59:0:internal 60:0:internal") != 0)
        return false;
    for (int i = 61; i <= 71; i++)
        if (strncmp(post_nth(rig, i, "C", NULL), "OK", 2) != 0)
            return false;
    for (int i = 0; i < 2; i++) /* the first was not remembered */
        if (strcmp(post_nth(rig, 72, "C", NULL), "FULL") != 0)
            return false;
    if (strcmp(post_nth(rig, 73, "U", NULL), "OK 72") != 0)
        return false;
    if (strcmp(post_nth(rig, 74, "D", NULL), "OK 73") != 0)
        return false;
    return strcmp(post_nth(rig, 75, "C", NULL), "OK 74") == 0;
}

/* Who announces it does not count, and its owner is not kept from anything by that. */
static bool announces_give_way(struct rig *rig)
{
    char host[32];
    rig_fresh(rig);
    if (strcmp(post_nth(rig, 1, "C", "o.example"), "OK 1") != 0)
        return false;
    for (int i = 2; i <= 40; i++) {
        snprintf(host, sizeof host, "h%d.example", i);
        if (strncmp(post_nth(rig, i, "A", host), "OK", 2) != 0)
            return false;
    }
    return strcmp(post_nth(rig, 41, "U", "o.example"), "OK 41") == 0 &&
           strncmp(ask(rig, "HGET " O1 " e"), "1 11a 12a", 9) == 0;
}

static bool page_says(struct rig *rig, uint64_t n, const char *expected)
{
    struct told told;
    read_page(rig, n - 1, 1, &told);
    bool same = told.err == ERR_OK && span_eq_str(bytes_span(&told.text), expected);
    if (!same && !rig->broken)
        print_message("%s: %s\n", err_code(told.err), bytes_str(&told.text));
    bytes_fini(&told.text);
    return same;
}

/* A Delete takes back the Updates that gave way, too: those before it. */
static bool what_gave_way_is_taken_back(struct rig *rig)
{
    rig_fresh(rig);
    if (strcmp(post_nth(rig, 1, "C", NULL), "OK 1") != 0)
        return false;
    for (int i = 2; i <= 41; i++)
        if (strncmp(post_nth(rig, i, "U", NULL), "OK", 2) != 0)
            return false;
    if (strcmp(post_nth(rig, 42, "D", NULL), "OK 42") != 0)
        return false;
    for (int i = 43; i <= 45; i++)
        if (strncmp(post_nth(rig, i, i == 43 ? "C" : "U", NULL), "OK", 2) != 0)
            return false;
    return page_says(rig, 2, "2<1 Update internal (r42)") &&
           page_says(rig, 44, "44<43 Update internal (s45:0:internal)");
}

static void test_versions(void **state)
{
    static const struct twin twins[] = {
        {"versions are bounded", versions_are_bounded, &script_append, "return 'FULL' end", "end"},
        {"versions are bounded", versions_are_bounded, &script_append,
         "if replaces(list[k], list[i]) then return true end", ""},
        {"versions are bounded", versions_are_bounded, &script_append,
         "if list[k].kind == 'd' then return true end", ""},
        {"what gave way is taken back", what_gave_way_is_taken_back, &script_page,
         "marks[i] = taken(entry) or mark", ""},
        {"what gave way is taken back", what_gave_way_is_taken_back, &script_page,
         "and tonumber(n) > number(entry)", ""},
        {"announces give way", announces_give_way, &script_append, "list[i].kind == 'a' or", ""},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
