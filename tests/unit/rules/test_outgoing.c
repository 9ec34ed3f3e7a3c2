/* outgoing: the table of DESIGN 7, cell by cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/outgoing.h"

/* One type: what goes out where no Announce of ours went before, where one went to those who follow
 * our actor, where it went to all; and of what no Announce could name. */
static const struct {
    enum activity_type type, undone;
    const char *never, *litepub, *all, *nameless;
} with_proof_public[] =
    {
        {ACTIVITY_CREATE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_ANNOUNCE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_DELETE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_UNDO, ACTIVITY_ANNOUNCE, "bytes", "bytes", "undo-announce", "bytes"},
        {ACTIVITY_UNDO, ACTIVITY_OTHER, "bytes", "bytes", "undo-announce", "bytes"},
        {ACTIVITY_UNDO, ACTIVITY_LIKE, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_UNDO, ACTIVITY_FOLLOW, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_UPDATE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_MOVE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_ADD, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_REMOVE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_LIKE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
        {ACTIVITY_DISLIKE, ACTIVITY_OTHER, "bytes", "bytes", "bytes", "bytes"},
},
  otherwise_public[] =
      {
          {ACTIVITY_CREATE, ACTIVITY_OTHER, "announce", "announce", "announce", "nothing"},
          {ACTIVITY_ANNOUNCE, ACTIVITY_OTHER, "announce", "announce", "announce", "nothing"},
          {ACTIVITY_DELETE, ACTIVITY_OTHER, "nothing", "nothing", "undo-announce", "nothing"},
          {ACTIVITY_UNDO, ACTIVITY_ANNOUNCE, "nothing", "nothing", "undo-announce", "nothing"},
          {ACTIVITY_UNDO, ACTIVITY_OTHER, "nothing", "nothing", "undo-announce", "nothing"},
          {ACTIVITY_UNDO, ACTIVITY_LIKE, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_UNDO, ACTIVITY_FOLLOW, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_UPDATE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_MOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_ADD, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_REMOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_LIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
          {ACTIVITY_DISLIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
},
  litepub[] = {
      {ACTIVITY_CREATE, ACTIVITY_OTHER, "announce", "announce", "announce", "nothing"},
      {ACTIVITY_ANNOUNCE, ACTIVITY_OTHER, "announce", "announce", "announce", "nothing"},
      {ACTIVITY_DELETE, ACTIVITY_OTHER, "nothing", "undo-announce", "undo-announce", "nothing"},
      {ACTIVITY_UNDO, ACTIVITY_ANNOUNCE, "nothing", "undo-announce", "undo-announce", "nothing"},
      {ACTIVITY_UNDO, ACTIVITY_OTHER, "nothing", "undo-announce", "undo-announce", "nothing"},
      {ACTIVITY_UNDO, ACTIVITY_LIKE, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_UNDO, ACTIVITY_FOLLOW, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_UPDATE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_MOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_ADD, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_REMOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_LIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
      {ACTIVITY_DISLIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing", "nothing"},
};
enum { ROWS = sizeof(litepub) / sizeof(litepub[0]) };

typedef enum outgoing_form (*form_fn)(const struct outgoing_facts *, enum member_style);

static void cell(form_fn form, const struct outgoing_facts *facts, enum member_style style,
                 const char *want)
{
    const char *got = outgoing_form_name(form(facts, style));
    if (!span_eq(span_of(got), span_of(want)))
        print_error("%s of %s, proof %d, style %d, announced %d\n", activity_type_name(facts->type),
                    activity_type_name(facts->undone), facts->has_proof, style, facts->announced);
    assert_string_equal(got, want);
}

#define CHECK(table, form, proof, style)                                                           \
    for (size_t i = 0; i < ROWS; i++) {                                                            \
        struct outgoing_facts f = {                                                                \
            .type = (table)[i].type, .undone = (table)[i].undone, .has_proof = (proof)};           \
        cell(form, &f, style, (table)[i].never);                                                   \
        f.announced = ANNOUNCED_LITEPUB;                                                           \
        cell(form, &f, style, (table)[i].litepub);                                                 \
        f.announced = ANNOUNCED_ALL;                                                               \
        cell(form, &f, style, (table)[i].all);                                                     \
        f.announced = ANNOUNCED_NO;                                                                \
        f.nameless = true;                                                                         \
        cell(form, &f, style, (table)[i].nameless);                                                \
    }

static void test_table(void **state)
{
    (void)state;
    CHECK(with_proof_public, outgoing_form, true, STYLE_PUBLIC)
    CHECK(otherwise_public, outgoing_form, false, STYLE_PUBLIC)
    CHECK(litepub, outgoing_form, true, STYLE_LITEPUB)
    CHECK(litepub, outgoing_form, false, STYLE_LITEPUB)
}

/* Never an Announce of what is not one, nor bytes that are not there. */
static void test_bodiless(void **state)
{
    (void)state;
    CHECK(otherwise_public, outgoing_form_bodiless, true, STYLE_PUBLIC)
    CHECK(otherwise_public, outgoing_form_bodiless, false, STYLE_PUBLIC)
    CHECK(litepub, outgoing_form_bodiless, true, STYLE_LITEPUB)
}

static void test_facts(void **state)
{
    (void)state;
    struct activity a = {.type = ACTIVITY_UNDO, .inner_type = SPAN("Announce"), .has_proof = true};
    struct outgoing_facts facts = outgoing_facts_of(&a);
    assert_int_equal(facts.type, ACTIVITY_UNDO);
    assert_int_equal(facts.undone, ACTIVITY_ANNOUNCE);
    assert_true(facts.has_proof);
    assert_int_equal(facts.announced, ANNOUNCED_NO);
    a = (struct activity){.type = ACTIVITY_ANNOUNCE, .object = SPAN("https://b.example/n")};
    assert_false(outgoing_facts_of(&a).nameless);
    a.inner_type = SPAN("Delete");
    a.wraps = true;
    facts = outgoing_facts_of(&a);
    assert_true(facts.nameless);
    assert_int_equal(facts.undone, ACTIVITY_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_bodiless),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
