/* holds: what is kept for a person: how it gets there, what joins it, what takes it away, what
 * comes of a decision; each law with a script that breaks it. */
#include <stdio.h>
#include <string.h>

#include "relay/store/holds.h"
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
      POSTED(POST("U u1", "o1", .audience = "internal,partners", .stamp = 9), "OK 3")},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
