/* software: who is of which family, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/software.h"

#define URL       SPAN("https://relay.example")
#define AUTHORITY SPAN("relay.example")

static void test_programs_are_of_their_family(void **state)
{
    static const struct {
        const char *name, *title;
        enum software_join join;
        enum software_effect on_delete, on_undo;
    } rows[] = {
        {"mastodon", "Mastodon", SOFTWARE_BY_INBOX, SOFTWARE_DELETES, SOFTWARE_KEEPS},
        {"Mastodon", "Mastodon", SOFTWARE_BY_INBOX, SOFTWARE_DELETES, SOFTWARE_KEEPS},
        {"hometown", "Mastodon", SOFTWARE_BY_INBOX, SOFTWARE_DELETES, SOFTWARE_KEEPS},
        {"cherrypick", "Misskey", SOFTWARE_BY_INBOX, SOFTWARE_DELETES, SOFTWARE_KEEPS},
        {"akkoma", "Pleroma, Akkoma", SOFTWARE_BY_ACTOR, SOFTWARE_REFUSES, SOFTWARE_UNDONE},
        {"gotosocial", "GoToSocial", SOFTWARE_BY_ACTOR, SOFTWARE_KEEPS, SOFTWARE_UNDONE},
        {"wordpress", "WordPress", SOFTWARE_NEVER, SOFTWARE_NONE, SOFTWARE_NONE},
        {"lemmy", "Lemmy", SOFTWARE_NEVER, SOFTWARE_REFUSES, SOFTWARE_UNKNOWN},
        /* Not known: no part of a name is one. */
        {"", "other software", SOFTWARE_BY_ACTOR, SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
        {"masto", "other software", SOFTWARE_BY_ACTOR, SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
        {"mastodon hometown", "other software", SOFTWARE_BY_ACTOR, SOFTWARE_UNKNOWN,
         SOFTWARE_UNDONE},
        {" ", "other software", SOFTWARE_BY_ACTOR, SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct software *s = software_of(span_of(rows[i].name));
        assert_string_equal(s->title, rows[i].title);
        assert_int_equal(s->join, rows[i].join);
        assert_int_equal(s->on_delete, rows[i].on_delete);
        assert_int_equal(s->on_undo, rows[i].on_undo);
    }
    assert_string_equal(software_of(SPAN_NONE)->title, "other software");
}

/* Each program is in one family, in the form in which names are looked for. */
static void test_the_table_is_whole(void **state)
{
    size_t n = 0;
    (void)state;
    for (const struct software *s; (s = software_at(n)); n++) {
        struct span rest = span_of(s->members);
        assert_true(s->title[0] && s->how[0] && rest.n);
        while (rest.p) {
            struct span name = span_cut(&rest, ' ');
            assert_true(name.n);
            for (size_t i = 0; i < name.n; i++)
                assert_true(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.p[i]));
            assert_ptr_equal(software_of(name), s);
        }
        if (s->join == SOFTWARE_BY_INBOX)
            assert_non_null(strstr(s->how, "{inbox}"));
        if (s->join == SOFTWARE_NEVER)
            assert_null(strchr(s->how, '{'));
    }
    assert_int_equal(n, 12);
}

static void test_what_to_do_there(void **state)
{
    static const struct {
        const char *name, *how;
    } rows[] = {
        {"mastodon", "Preferences, Administration, Relays, Add new relay: paste "
                     "https://relay.example/inbox and save"},
        {"pleroma", "On the server: mix pleroma.relay follow https://relay.example/actor"},
        {"mobilizon", "Administration, Federation, Follow a new instance: relay.example"},
        {"snac", "On the server: let the user relay follow https://relay.example/actor (snac "
                 "follow BASEDIR relay https://relay.example/actor)"},
        {"nobody-knows", "If it asks for a relay's inbox: https://relay.example/inbox. Otherwise "
                         "let the server follow the relay's actor: https://relay.example/actor"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bytes out;
        bytes_init(&out, 1024);
        software_write_how(software_of(span_of(rows[i].name)), URL, AUTHORITY, &out);
        assert_true(span_eq_str(bytes_span(&out), rows[i].how));
        bytes_fini(&out);
    }
    struct bytes out;
    const struct software braces = {.how = "{inbox {} {actor}"};
    bytes_init(&out, 1024);
    software_write_how(&braces, URL, AUTHORITY, &out);
    assert_true(span_eq(bytes_span(&out), SPAN("{inbox {} https://relay.example/actor")));
    bytes_fini(&out);
}

static void open_at(struct member_inbox *inbox, enum member_style style)
{
    span_copy(SPAN("https://a.example/inbox"), inbox->url, sizeof(inbox->url));
    inbox->style = style;
}

static void test_a_deletion_by_how_it_follows(void **state)
{
    static const struct {
        const char *name, *inboxes; /* p: of who follows the public collection; l; f: farewell */
        bool has_proof;
        enum software_effect effect;
    } rows[] = {
        {"mastodon", "p", true, SOFTWARE_DELETES},
        {"mastodon", "p", false, SOFTWARE_KEEPS}, /* nothing it would believe */
        {"mastodon", "l", true, SOFTWARE_KEEPS},
        {"mastodon", "lp", true, SOFTWARE_DELETES},
        {"pleroma", "p", true, SOFTWARE_REFUSES},
        {"pleroma", "p", false, SOFTWARE_UNDONE},
        {"pleroma", "l", true, SOFTWARE_UNDONE},
        {"pleroma", "pl", true, SOFTWARE_UNDONE},
        {"wordpress", "p", true, SOFTWARE_NONE},
        {"nobody-knows", "p", true, SOFTWARE_UNKNOWN},
        {"nobody-knows", "pl", true, SOFTWARE_UNDONE},
        {"nobody-knows", "l", false, SOFTWARE_UNDONE},
        /* who left is still told; who was removed is not */
        {"mastodon", "f", true, SOFTWARE_DELETES},
        {"mastodon", "", true, SOFTWARE_KEEPS},
        {"pleroma", "", false, SOFTWARE_KEEPS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct member m = {.state = MEMBER_ACTIVE};
        size_t slot = 1; /* the first is free */
        for (const char *c = rows[i].inboxes; *c; c++) {
            struct member_inbox *inbox = *c == 'f' ? &m.farewell : &m.inboxes[slot++];
            open_at(inbox, *c == 'l' ? STYLE_LITEPUB : STYLE_PUBLIC);
        }
        if (software_deletion(software_of(span_of(rows[i].name)), &m, rows[i].has_proof) !=
            rows[i].effect)
            fail_msg("%s %s %d", rows[i].name, rows[i].inboxes, rows[i].has_proof);
    }
}

static void test_effects_have_names_and_words(void **state)
{
    (void)state;
    for (int e = 0; e < SOFTWARE_EFFECT_COUNT; e++) {
        const char *name = software_effect_name((enum software_effect)e);
        assert_int_equal(software_effect_by_name(span_of(name)), e);
        assert_true(software_effect_words((enum software_effect)e)[0]);
    }
    assert_int_equal(software_effect_by_name(SPAN("gone")), SOFTWARE_EFFECT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs_are_of_their_family),
        cmocka_unit_test(test_the_table_is_whole),
        cmocka_unit_test(test_what_to_do_there),
        cmocka_unit_test(test_a_deletion_by_how_it_follows),
        cmocka_unit_test(test_effects_have_names_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
