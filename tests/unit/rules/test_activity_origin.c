/* activity: to whom it is addressed, whose it is, and how far it may be carried (ATTACKS A01 to
 * A10, A17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/activity_rig.h"

/* ATTACKS A08 to A10 */
static const struct {
    const char *text;
    enum activity_visibility visibility;
    bool hidden;
} addressed[] = {
    {CREATE(",\"to\":" PUBLIC), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":\"as:Public\""), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":[\"x\",\"Public\"]"), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":{\"id\":\"as:Public\"}"), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":\"public\""), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":\"https://www.w3.org/ns/activitystreams#Publicly\""), VISIBILITY_LIMITED,
     false},
    {CREATE(",\"to\":[\"x\"],\"cc\":\"Public\""), VISIBILITY_UNLISTED, false},
    {CREATE(",\"cc\":[" PUBLIC "]"), VISIBILITY_UNLISTED, false},
    {CREATE(",\"audience\":" PUBLIC), VISIBILITY_LIMITED, false},
    {CREATE(""), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":null,\"cc\":null"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":7"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":[[" PUBLIC "]]"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":" PUBLIC ",\"bto\":\"https://b.example/u\""), VISIBILITY_PUBLIC, true},
    {DEEP(",\"bcc\":[]"), VISIBILITY_PUBLIC, true},
    /* the narrowest of what the levels say */
    {DEEP(",\"to\":\"as:Public\""), VISIBILITY_PUBLIC, false},
    {DEEP(",\"to\":\"https://a.example/u/followers\""), VISIBILITY_LIMITED, false},
    {DEEP(",\"to\":[]"), VISIBILITY_LIMITED, false},
    {DEEP(",\"cc\":\"as:Public\""), VISIBILITY_UNLISTED, false},
    {DEEP(",\"object\":{\"to\":\"https://a.example/u/followers\"}"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":[],\"x\":{\"to\":\"as:Public\"}"), VISIBILITY_LIMITED, false},
    {"{" HEAD "\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\"," TO "}}",
     VISIBILITY_PUBLIC, false},
    {"{" HEAD "\"type\":\"Create\",\"to\":\"https://a.example/u/followers\",\"object\":"
     "{\"id\":\"https://a.example/n\"," TO "}}",
     VISIBILITY_LIMITED, false},
};

static void test_addressed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(addressed) / sizeof(addressed[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(addressed[i].text, &a)), "ok");
        if (a.visibility != addressed[i].visibility || a.hidden_recipients != addressed[i].hidden)
            print_error("%s\n", addressed[i].text);
        assert_int_equal(a.visibility, addressed[i].visibility);
        assert_int_equal(a.hidden_recipients, addressed[i].hidden);
        bool public = a.visibility == VISIBILITY_PUBLIC && !a.hidden_recipients;
        bool unlisted = a.visibility == VISIBILITY_UNLISTED && !a.hidden_recipients;
        assert_int_equal(activity_relayable(&a, false), public ? ERR_OK : ERR_NOT_PUBLIC);
        assert_int_equal(activity_relayable(&a, true),
                         public || unlisted ? ERR_OK : ERR_NOT_PUBLIC);
    }
}

#define OWNER "https://a.example/u"
#define FACT(t, o, author, to)                                                                     \
    "{" HEAD TO ",\"type\":\"" t "\",\"object\":{\"type\":\"Note\",\"id\":\"" o                    \
    "\",\"attributedTo\":\"" author "\"},\"target\":\"" to "\"}"
#define T "https://a.example/t"

/* ATTACKS A01 to A05, A07, A17; PROTOCOL 7.1 */
static const struct {
    const char *text, *owner, *code;
} origins[] = {
    {FACT("Create", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/v", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/u/", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/%75", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://A.example/u", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "", "actor-not-signer"},
    {FACT("Create", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "http://a.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://a.example:444/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://a.example.b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://A.Example:443/n", OWNER, T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", "https://a.example/other", T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Create", "https://a.example/n", "a.example", T), OWNER, "origin"},
    {FACT("Update", "https://b.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Update", "https://a.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Delete", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Delete", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Move", "https://a.example/u", OWNER, "https://b.example/u"), OWNER, "ok"},
    {FACT("Move", "https://b.example/u", OWNER, T), OWNER, "origin"},
    {FACT("Add", "https://b.example/n", "https://b.example/u", T), OWNER, "ok"},
    {FACT("Add", "https://a.example/n", OWNER, "https://b.example/t"), OWNER, "origin"},
    {FACT("Remove", "https://a.example/n", OWNER, "https://b.example/t"), OWNER, "origin"},
    {FACT("Remove", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Announce", "https://b.example/n", "https://c.example/u", T), OWNER, "ok"},
    {FACT("Like", "https://b.example/n", "https://c.example/u", T), OWNER, "ok"},
    {FACT("Undo", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Undo", "https://a.example/n", "https://a.example/v", T), OWNER, "origin"},
    {FACT("Undo", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://b.example/f\"}", OWNER, "origin"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://a.example/f\"}", OWNER, "ok"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Follow\",\"actor\":"
     "\"https://b.example/u\"}}",
     OWNER, "origin"},
    {"{" A ",\"id\":\"https://b.example/1\",\"type\":\"X\"}", OWNER, "origin"},
    {"{" A ",\"id\":\"https://a.example#@b.example/\",\"type\":\"X\"}", OWNER, "ok"},
    {"{" HEAD "\"type\":\"X\",\"object\":\"https://b.example/1\"}", OWNER, "ok"},
};

static void test_origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(origins[i].text, &a)), "ok");
        const char *code = err_code(activity_origin_check(&a, span_of(origins[i].owner)));
        if (strcmp(code, origins[i].code) != 0)
            print_error("%s by %s\n", origins[i].text, origins[i].owner);
        assert_string_equal(code, origins[i].code);
    }
}

/* PRODUCT 1.2: what is carried, what only inside its zone, what an Announce of ours would name. */
static const struct {
    const char *text;
    enum err why;
    bool inside;
    const char *announced;
} carried[] = {
    {FACT("Create", "https://a.example/n", OWNER, T), ERR_OK, false, "https://a.example/n"},
    {FACT("Update", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Delete", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Move", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Add", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Remove", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Announce", "https://b.example/n", OWNER, T), ERR_OK, false, "https://b.example/n"},
    {FACT("Like", "https://b.example/n", OWNER, T), ERR_OK, true, NULL},
    {FACT("Dislike", "https://b.example/n", OWNER, T), ERR_OK, true, NULL},
    {FACT("Follow", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Accept", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Reject", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Block", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Join", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Invite", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Flag", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("View", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Question", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("create", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    /* Delete and Undo without any address */
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\"}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"bto\":\"x\"}",
     ERR_NOT_PUBLIC, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://a.example/n\"}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Announce\"}}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Like\"}}", ERR_OK, true, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Follow\"}}", ERR_NOT_RELAYED, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Block\"}}", ERR_NOT_RELAYED, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Lock\"}}", ERR_NOT_RELAYED, false, NULL},
    /* Announce of an activity */
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, "https://b.example/n"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"object\":{\"id\":\"n\"}}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Delete\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Announce\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\","
     "\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
};

static void test_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(carried[i].text, &a)), "ok");
        struct span announced = activity_announced(&a);
        if (activity_relayable(&a, false) != carried[i].why ||
            !span_eq(announced, span_of(carried[i].announced)))
            print_error("%s\n", carried[i].text);
        assert_int_equal(activity_relayable(&a, false), carried[i].why);
        assert_int_equal(activity_only_inside(&a), carried[i].inside);
        assert_true(span_eq(announced, span_of(carried[i].announced)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_addressed, drop_tree),
        cmocka_unit_test_teardown(test_origins, drop_tree),
        cmocka_unit_test_teardown(test_carried, drop_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
