/* authors: the registry, and what a no does to what is decided, held, and waits. */
#include "tests/unit/store/journal_rig.h"
#include "tests/unit/store/story_rig.h"

#include "relay/store/holds.h"

enum { STEPS_MAX = 8 };

/* A step: an activity, or (word not 0) a word of an author: y, n, or - to forget. */
struct step {
    struct post post;
    char word;
    const char *author;
    int64_t said; /* 0: now */
    enum author_way way;
    enum authors_keep keep;
    const char *answer; /* of a word: how many changed, and what the author says now */
};

#define SAYS(word_, author_, answer_, ...)                                                         \
    {                                                                                              \
        .word = (word_)[0], .author = (author_), .answer = (answer_), __VA_ARGS__                  \
    }
#define DOES(answer_, what_, object_, ...)                                                         \
    {                                                                                              \
        .post = {.what = (what_), .object = (object_), __VA_ARGS__}, .answer = (answer_)           \
    }

static const struct story {
    const char *name;
    struct step steps[STEPS_MAX];
    const char *registry; /* `actor word how`, with blanks and commas */
    const char *journal;
} stories[] = {
    {"said, changed, forgotten",
     {SAYS("y", "a/u", "1 y"), SAYS("n", "a/v", "1 n"), SAYS("n", "a/u", "1 n"),
      SAYS("-", "a/v", "1 -"), SAYS("-", "a/v", "0 -"), SAYS("y", "a/v", "1 y")},
     "a/u n follow, a/v y follow",
     "1<0! other \n2<1! other "},
    {"one is not another whose id begins so",
     {SAYS("n", "a/u2", "1 n"), SAYS("y", "a/u", "1 y"), SAYS("-", "a/u", "1 -")},
     "a/u2 n follow",
     "1<0! other "},
    {"the same again is no change, and no second line",
     {SAYS("n", "a/u", "1 n"), SAYS("n", "a/u", "0 n", .way = AUTHOR_BY_MENTION)},
     "a/u n follow",
     "1<0! other "},
    {"what was said before counts no more",
     {SAYS("n", "a/u", "1 n", .said = 500), SAYS("y", "a/u", "0 n", .said = 400),
      SAYS("y", "a/u", "0 n", .said = 500), SAYS("y", "a/u", "1 y", .said = 600),
      SAYS("n", "a/u", "0 y", .said = 599), SAYS("n", "a/u", "1 n", .said = 600)},
     "a/u n follow",
     "1<0! other \n2<1! other "},
    {"said again later, and so not undone by what came between",
     {SAYS("y", "a/u", "1 y", .said = 400), SAYS("y", "a/u", "0 y", .said = 600),
      SAYS("n", "a/u", "0 y", .said = 500)},
     "a/u y follow",
     ""},
    {"a list takes away no no",
     {SAYS("n", "a/u", "1 n"),
      SAYS("y", "a/u", "0 n", .way = AUTHOR_BY_LIST, .keep = AUTHORS_KEEP_NO)},
     "a/u n follow",
     "1<0! other "},
    {"an unfollow forgets a follow alone",
     {SAYS("y", "a/u", "1 y", .way = AUTHOR_BY_FOLLOW),
      SAYS("y", "a/v", "1 y", .way = AUTHOR_BY_OPERATOR),
      SAYS("-", "a/u", "1 -", .way = AUTHOR_BY_FOLLOW, .keep = AUTHORS_KEEP_OTHERS),
      SAYS("-", "a/v", "0 y", .way = AUTHOR_BY_FOLLOW, .keep = AUTHORS_KEEP_OTHERS)},
     "a/v y operator",
     ""},
    {"decided by another word than there is now",
     {SAYS("n", "a/u", "1 n"), DOES("AGAIN n-", "C c1", "o1", .authors = "a/u"),
      DOES("OK 2", "C c1", "o1", .authors = "a/u", .words = "n"), SAYS("y", "a/u", "1 y"),
      DOES("AGAIN y-", "C c2", "o2", .authors = "a/u", .words = "n"),
      DOES("AGAIN -y", "C c2", "o2", .authors = "a/w a/u", .words = "yy"),
      DOES("OK 3", "C c2", "o2", .authors = "a/w a/u", .words = "-y")},
     "a/u y follow",
     "1<0! other \n2<0 Create internal =c1\n3<2 Create internal =c2"},
    {"what takes back is not asked",
     {DOES("OK 1", "C c1", "o1", .authors = "a/u", .words = "-"), SAYS("n", "a/u", "1 n"),
      DOES("OK 3", "D d1", "o1")},
     "a/u n follow",
     "1<0 Create internal =c1 (r3)\n2<0! other \n3<2! Delete internal =c1+ of 1"},
    {"what waits is passed over, of this author alone, and nothing that comes later",
     {DOES("OK 1", "C c1", "o1", .actor = "a/u"), DOES("OK 2", "C c2", "o2", .actor = "a/v"),
      DOES("OK 3", "U u1", "o1", .actor = "a/u"), SAYS("n", "a/u", "1 n"), SAYS("y", "a/u", "1 y"),
      DOES("OK 5", "C c3", "o3", .actor = "a/u")},
     "a/u y follow",
     "1<0 Create internal =c1 (q4)\n2<1 Create internal =c2\n3<2 Update internal (q4)\n"
     "4<0! other \n5<3 Create internal =c3"},
    {"each by the first time that was said behind it",
     {DOES("OK 1", "C c1", "o1", .actor = "a/u"), SAYS("n", "a/u", "1 n"), SAYS("y", "a/u", "1 y"),
      DOES("OK 3", "C c2", "o2", .actor = "a/u"), SAYS("n", "a/u", "1 n")},
     "a/u n follow",
     "1<0 Create internal =c1 (q2)\n2<0! other \n3<1 Create internal =c2 (q4)\n4<2! other "},
    {"what a relay announced of this author, too",
     {DOES("OK 1", "A a1", "o1", .actor = "a/relay", .authors = "a/relay a/u", .words = "--"),
      SAYS("n", "a/u", "1 n")},
     "a/u n follow",
     "1<0 Announce internal =a1 (q2)\n2<0! other "},
    {"what is held is closed",
     {DOES("HELD 1", "C c1", "o1", .actor = "a/u", .audience = "", .held = "partners"),
      DOES("HELD 2", "C c2", "o2", .actor = "a/v", .audience = "", .held = "partners"),
      DOES("HELD 3", "A a1", "o3", .actor = "a/relay", .authors = "a/relay a/u", .words = "--",
           .audience = "", .held = "partners"),
      SAYS("n", "a/u", "1 n")},
     "a/u n follow; opted-out open opted-out",
     "4<0! other "},
};

struct told_so {
    struct rig *rig;
    int calls;
    struct authors_changed answer;
};

static void on_told_so(void *arg, const struct authors_changed *answer)
{
    struct told_so *c = arg;
    c->calls++;
    c->answer = *answer;
    loop_stop(c->rig->loop);
}

static char letter(enum fact_said says)
{
    return says == FACT_YES ? 'y' : says == FACT_NO ? 'n' : '-';
}

static const char *say(struct rig *rig, const struct step *step, int64_t now)
{
    static char text[64];
    struct fake_hash hash = fake_hash(step->author);
    const struct author_said one = {.actor = span_of(step->author), .hash = hash.bytes};
    struct told_so c = {.rig = rig};
    const struct authors_change change = {.list = &one,
                                          .n = 1,
                                          .word = step->word == 'y'   ? FACT_YES
                                                  : step->word == 'n' ? FACT_NO
                                                                      : FACT_UNKNOWN,
                                          .way = step->way,
                                          .by = SPAN("a person"),
                                          .now_ms = now,
                                          .said_ms = step->said ? step->said : now,
                                          .keep = step->keep,
                                          .most = 3,
                                          .note = SPAN("")};
    authors_change(rig->store, &change, on_told_so, &c);
    rig_await(rig, &c.calls, 1);
    if (c.answer.err != ERR_OK)
        return err_code(c.answer.err);
    snprintf(text, sizeof text, "%d %c", (int)c.answer.changed, letter(c.answer.says));
    return text;
}

/* --- the registry as text --------------------------------------------------------------------- */

struct listed {
    struct rig *rig;
    int calls;
    enum err err;
    struct bytes text;
};

static void on_page(void *arg, const struct authors_page *page)
{
    struct listed *l = arg;
    l->calls++;
    l->err = page->err;
    for (size_t i = 0; i < page->n; i++) {
        const struct author_known *a = &page->list[i];
        bytes_addf(&l->text, "%s%.*s %c %.*s", l->text.n ? ", " : "", SPAN_ARG(a->actor),
                   letter(a->says), SPAN_ARG(a->way));
        assert_true(span_eq_str(a->by, "a person") && a->at_ms > 0);
    }
    loop_stop(l->rig->loop);
}

static void list(struct rig *rig, const struct authors_ask *ask, struct bytes *out)
{
    struct listed l = {.rig = rig};
    bytes_init(&l.text, 4096);
    authors_read(rig->store, ask, on_page, &l);
    rig_await(rig, &l.calls, 1);
    bytes_add(out, l.err == ERR_OK ? bytes_span(&l.text) : span_of(err_code(l.err)));
    bytes_fini(&l.text);
}

static bool registry_is(struct rig *rig, const char *wanted)
{
    const struct authors_ask all = {
        .after = SPAN(""), .origin = SPAN(""), .only = SPAN(""), .most = 10};
    struct bytes text;
    bytes_init(&text, 4096);
    list(rig, &all, &text);
    if (strchr(wanted, ';'))
        for (int h = 1; h <= 3; h++)
            bytes_addf(&text, "%s %s", h == 1 ? ";" : "", ask(rig, "HGET {weir}:hold:%d s", h));
    bool same = strcmp(bytes_str(&text), wanted) == 0;
    if (!same && !rig->broken)
        print_message("registry: %s\n", bytes_str(&text));
    bytes_fini(&text);
    return same;
}

static bool story_holds(struct rig *rig, size_t nth)
{
    const struct story *story = &stories[nth];
    rig_fresh(rig);
    for (int i = 0; i < STEPS_MAX && story->steps[i].answer; i++) {
        const struct step *step = &story->steps[i];
        struct post p = step->post;
        p.now = 1000LL * (i + 1);
        const char *answer = step->word ? say(rig, step, p.now) : post(rig, &p);
        if (strcmp(answer, step->answer) != 0) {
            if (!rig->broken)
                print_message("%s, step %d: %s\n", story->name, i + 1, answer);
            return false;
        }
    }
    return registry_is(rig, story->registry) && journal_is(rig, story->journal);
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
static const struct story_break consent_breaks[] = {
    {"said, changed, forgotten", "redis.call('ZREM', AUTHORS, known.text)", "return { 'OK' }"},
    {"one is not another whose id begins so", "'(' .. actor .. '!'", "'+'"},
    {"the same again is no change, and no second line",
     "if known.word == word then return 'later' end", ""},
    {"what was said before counts no more", "if known.said > tonumber(said) then return 'stay' end",
     ""},
    {"what was said before counts no more", "or known.said == tonumber(said)", ""},
    {"said again later, and so not undone by what came between",
     "if known.word == word then return 'later' end",
     "if known.word == word then return 'stay' end"},
    {"a list takes away no no", "but == 'no' or", ""},
    {"an unfollow forgets a follow alone", "(but == '' or known.how == but)", "true"},
    {"what waits is passed over, of this author alone, and nothing that comes later",
     "redis.call('HSET', OUT, number", "redis.call('HSET', OUT, '1'"},
    {"decided by another word than there is now", "'lastN', log[5] or log[2] or '0', ", ""},
    {"each by the first time that was said behind it", "lines[#lines + 1] = n\n",
     "lines = { n }\n"},
    {"what is held is closed", "hold_close_author(number,", "hold_close_author('1',"},
};
static const struct story_break append_breaks[] = {
    {"decided by another word than there is now", "or words ~= A.words", ""},
    {"what a relay announced of this author, too", "fact('au', A.author)", ""},
    {"what is held is closed", "if A.author ~= '0' then list_put(BY, A.author, h) end", ""},
};
static const struct story_break page_breaks[] = {
    {"what waits is passed over, of this author alone, and nothing that comes later",
     "local out = redis.call('EXISTS', P .. 'out') == 1", "local out = false"},
    {"what waits is passed over, of this author alone, and nothing that comes later",
     "tonumber(n) > number(entry) and", ""},
    {"each by the first time that was said behind it", "or tonumber(n) < tonumber(by)",
     "or tonumber(n) > tonumber(by)"},
    {"each by the first time that was said behind it", "if by and normal", "if by"},
    {"what a relay announced of this author, too", "or entry[2][k] == 'au'", ""},
};

static void test_broken(void **state)
{
    stories_break(*state, &all, &script_consent, consent_breaks,
                  sizeof consent_breaks / sizeof consent_breaks[0]);
    stories_break(*state, &all, &script_append, append_breaks,
                  sizeof append_breaks / sizeof append_breaks[0]);
    stories_break(*state, &all, &script_page, page_breaks,
                  sizeof page_breaks / sizeof page_breaks[0]);
}

/* --- lists, bounds, other keys ---------------------------------------------------------------- */

#define AT(host, name) "https://" host "/" name

static void test_pages(void **state)
{
    struct rig *rig = *state;
    static const char *const authors[] = {AT("a.x", "u"), AT("a.xy", "u"), AT("a.x", "v"),
                                          AT("a.x", "w"), AT("b.x", "u")};
    static const struct {
        struct authors_ask ask;
        const char *is;
    } asks[] = {
        {{SPAN(""), SPAN(""), SPAN(""), 2}, AT("a.x", "u") " y list, " AT("a.x", "v") " y list"},
        {{SPAN(AT("a.x", "v")), SPAN(""), SPAN(""), 9},
         AT("a.x", "w") " y list, " AT("a.xy", "u") " y list, " AT("b.x", "u") " y list"},
        {{SPAN(""), SPAN(AT("a.x", "")), SPAN(""), 9},
         AT("a.x", "u") " y list, " AT("a.x", "v") " y list, " AT("a.x", "w") " y list"},
        {{SPAN(AT("a.x", "v")), SPAN(AT("a.x", "")), SPAN(""), 9}, AT("a.x", "w") " y list"},
        {{SPAN(""), SPAN(""), SPAN(AT("b.x", "u")), 1}, AT("b.x", "u") " y list"},
        {{SPAN(""), SPAN(""), SPAN(AT("b.x", "v")), 1}, ""},
    };
    rig_fresh(rig);
    for (size_t i = 0; i < 5; i++) {
        const struct step step = {.word = 'y', .author = authors[i], .way = AUTHOR_BY_LIST};
        assert_string_equal(say(rig, &step, 1000), "1 y");
    }
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct bytes text;
        bytes_init(&text, 4096);
        list(rig, &asks[i].ask, &text);
        assert_string_equal(bytes_str(&text), asks[i].is);
        bytes_fini(&text);
    }
    /* A fourth of a.x is one too many; who is known may change its mind. */
    const struct step more = {.word = 'y', .author = AT("a.x", "z"), .way = AUTHOR_BY_LIST};
    const struct step known = {.word = 'n', .author = AT("a.x", "w"), .way = AUTHOR_BY_LIST};
    const struct step other = {.word = 'n', .author = AT("b.x", "z"), .way = AUTHOR_BY_LIST};
    assert_string_equal(say(rig, &more, 2000), "too-large");
    assert_string_equal(say(rig, &known, 2000), "1 n");
    assert_string_equal(say(rig, &other, 2000), "1 n");
}

/* Nothing is done where one of the keys is something else. */
static void test_wrong_keys(void **state)
{
    static const char *const keys[] = {"authors", "out", "U"};
    struct rig *rig = *state;
    const struct step step = {.word = 'n', .author = "a/u", .way = AUTHOR_BY_LIST};
    for (size_t i = 0; i < 3; i++) {
        rig_fresh(rig);
        ask(rig, "SET {weir}:%s x", keys[i]);
        assert_string_equal(say(rig, &step, 1000), "unreadable");
        assert_string_equal(ask(rig, "HGET {weir}:log n"), "0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_wrong_keys),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
