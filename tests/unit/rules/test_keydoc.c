/* keydoc: documents that vouch for a key, and those that only pretend to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "relay/rules/keydoc.h"

#define ACTOR "https://a.test/u/alice"
#define KEY   "https://a.test/u/alice#main-key"
#define GIVEN "{\"id\":\"" KEY "\",\"owner\":\"" ACTOR "\",\"publicKeyPem\":\"PEM\"}"

/* OK: owner and inbox, AGAIN: next stands in `want`. */
static const struct {
    const char *name, *key_id, *url, *json;
    enum err err;
    const char *want;
} table[] = {
    {"an actor", KEY, ACTOR, "{'id':'" ACTOR "','inbox':'" ACTOR "/in','publicKey':GIVEN}", ERR_OK,
     ACTOR "/in"},
    {"with a shared inbox", KEY, ACTOR,
     "{'id':'" ACTOR "','inbox':'" ACTOR "/in','publicKey':GIVEN,"
     "'endpoints':{'sharedInbox':'https://a.test/inbox'}}",
     ERR_OK, "https://a.test/inbox"},
    {"shared inbox elsewhere", KEY, ACTOR,
     "{'id':'" ACTOR "','inbox':'" ACTOR "/in','publicKey':GIVEN,"
     "'endpoints':{'sharedInbox':'https://b.test/inbox'}}",
     ERR_OK, ACTOR "/in"},
    {"inbox elsewhere", KEY, ACTOR,
     "{'id':'" ACTOR "','inbox':'https://b.test/in','publicKey':GIVEN}", ERR_OK, ""},
    {"inbox on another port", KEY, ACTOR,
     "{'id':'" ACTOR "','inbox':'https://a.test:8443/in','publicKey':GIVEN}", ERR_OK, ""},
    {"inbox without TLS", KEY, ACTOR,
     "{'id':'" ACTOR "','inbox':'http://a.test/in','publicKey':GIVEN}", ERR_OK, ""},
    {"no inbox", KEY, ACTOR, "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_OK, ""},
    {"several keys", KEY, ACTOR,
     "{'id':'" ACTOR "','publicKey':[{'id':'" ACTOR "#old','owner':'" ACTOR
     "','publicKeyPem':'OLD'},GIVEN]}",
     ERR_OK, ""},
    {"the only key, by a keyId without a fragment", ACTOR, ACTOR,
     "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_OK, ""},

    {"another key of the same actor", ACTOR "#other", ACTOR, "{'id':'" ACTOR "','publicKey':GIVEN}",
     ERR_KEY_DOCUMENT, NULL},
    {"one of two, by a keyId without a fragment", ACTOR, ACTOR,
     "{'id':'" ACTOR "','publicKey':[GIVEN,GIVEN]}", ERR_KEY_DOCUMENT, NULL},
    {"somebody else's key", KEY, ACTOR,
     "{'id':'" ACTOR "','publicKey':{'id':'" KEY "','owner':'https://a.test/u/bob',"
     "'publicKeyPem':'PEM'}}",
     ERR_KEY_DOCUMENT, NULL},
    {"nobody's key", KEY, ACTOR,
     "{'id':'" ACTOR "','publicKey':{'id':'" KEY "','publicKeyPem':'PEM'}}", ERR_KEY_DOCUMENT,
     NULL},
    {"a key without bytes", KEY, ACTOR,
     "{'id':'" ACTOR "','publicKey':{'id':'" KEY "','owner':'" ACTOR "'}}", ERR_KEY_DOCUMENT, NULL},
    {"bytes that are no text", KEY, ACTOR,
     "{'id':'" ACTOR "','publicKey':{'id':'" KEY "','owner':'" ACTOR "','publicKeyPem':7}}",
     ERR_KEY_DOCUMENT, NULL},
    {"the key by name only", KEY, ACTOR, "{'id':'" ACTOR "','publicKey':'" KEY "'}",
     ERR_KEY_DOCUMENT, NULL},
    {"no keys", KEY, ACTOR, "{'id':'" ACTOR "','publicKey':[]}", ERR_KEY_DOCUMENT, NULL},
    {"no key", KEY, ACTOR, "{'id':'" ACTOR "'}", ERR_KEY_DOCUMENT, NULL},
    {"no id", KEY, ACTOR, "{'publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"an empty id", KEY, ACTOR, "{'id':'','publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"no object", KEY, ACTOR, "['" ACTOR "']", ERR_KEY_DOCUMENT, NULL},
    {"null", KEY, ACTOR, "null", ERR_KEY_DOCUMENT, NULL},

    /* from elsewhere */
    {"served by another host", KEY, "https://b.test/u/alice",
     "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"a host that names itself", KEY, "https://b.test/u/alice",
     "{'id':'https://b.test/u/alice','publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"served without TLS", KEY, "http://a.test/u/alice", "{'id':'" ACTOR "','publicKey':GIVEN}",
     ERR_KEY_DOCUMENT, NULL},
    {"served from another port", KEY, "https://a.test:444/u/alice",
     "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"an owner elsewhere", "https://a.test/key", "https://a.test/key",
     "{'id':'https://a.test/key','owner':'https://b.test/u/bob','publicKeyPem':'PEM'}",
     ERR_KEY_DOCUMENT, NULL},
    {"an id elsewhere", "https://a.test/key", "https://a.test/key",
     "{'id':'https://b.test/u/bob','publicKeyPem':'PEM'}", ERR_KEY_DOCUMENT, NULL},

    /* a key or a stub: the owner has to say so itself */
    {"a bare key", "https://a.test/key", "https://a.test/key",
     "{'id':'https://a.test/key','owner':'" ACTOR "','publicKeyPem':'PEM'}", ERR_AGAIN, ACTOR},
    {"a bare key with a fragment of its own", "https://a.test/key", "https://a.test/key",
     "{'id':'https://a.test/key','owner':'" ACTOR "#me','publicKeyPem':'PEM'}", ERR_AGAIN, ACTOR},
    {"a stub", ACTOR "/main-key", ACTOR "/main-key",
     "{'id':'" ACTOR "','publicKey':{'id':'" ACTOR "/main-key','owner':'" ACTOR
     "','publicKeyPem':'PEM'}}",
     ERR_AGAIN, ACTOR},
    {"an actor found under another address", KEY, "https://a.test/@alice",
     "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_AGAIN, ACTOR},
    {"an upload that claims to be an actor", "https://a.test/up/1", "https://a.test/up/1",
     "{'id':'" ACTOR "','inbox':'" ACTOR
     "/in','publicKey':{'id':'https://a.test/up/1','owner':'" ACTOR "','publicKeyPem':'EVIL'}}",
     ERR_AGAIN, ACTOR},
    {"the owner does not list that key", "https://a.test/up/1#x", ACTOR,
     "{'id':'" ACTOR "','publicKey':GIVEN}", ERR_KEY_DOCUMENT, NULL},
    {"a key that owns itself", "https://a.test/key", "https://a.test/key",
     "{'id':'https://a.test/key','owner':'https://a.test/key#k','publicKeyPem':'PEM'}",
     ERR_KEY_DOCUMENT, NULL},
    {"an owner that is no address", "https://a.test/key", "https://a.test/key",
     "{'id':'https://a.test/key','owner':'alice','publicKeyPem':'PEM'}", ERR_KEY_DOCUMENT, NULL},
};

/* Single quotes stand for double ones, GIVEN for the key of alice. */
static struct json *document(const char *text)
{
    static const struct json_limits limits = {32, 1000, 1000};
    struct bytes out;
    struct json *json;
    bytes_init(&out, 4096);
    for (const char *p = text; *p; p++) {
        if (span_starts(span_of(p), SPAN("GIVEN"))) {
            bytes_add_str(&out, GIVEN);
            p += 4;
        } else {
            bytes_add_char(&out, *p == '\'' ? '"' : *p);
        }
    }
    assert_int_equal(json_read(bytes_span(&out), &limits, &json), ERR_OK);
    bytes_fini(&out);
    return json;
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct json *json = document(table[i].json);
        struct keydoc got;
        enum err e = keydoc_read(json, span_of(table[i].key_id), span_of(table[i].url), &got);
        if (e != table[i].err)
            fail_msg("%s: %s", table[i].name, err_code(e));
        if (e == ERR_OK) {
            assert_true(span_eq_str(got.owner, ACTOR));
            assert_true(span_eq_str(got.pem, "PEM"));
            assert_true(span_eq_str(got.inbox, table[i].want));
        } else if (e == ERR_AGAIN) {
            assert_true(span_eq_str(got.next, table[i].want));
        }
        json_free(&json);
    }
}

/* What else the document says of its actor: its followers collection, if it is of its origin,
 * whether it is a machine, whether it wants to be found, and to be relayed. */
static void test_actor(void **state)
{
    (void)state;
    static const struct {
        const char *more, *followers;
        bool machine, indexable, refuses;
    } rows[] = {
        {"", "", false, false, false},
        {",'type':'Application'", "", true, false, false},
        {",'type':'Service'", "", true, false, false},
        {",'type':'as:Service'", "", true, false, false},
        {",'type':'https://www.w3.org/ns/activitystreams#Application'", "", true, false, false},
        {",'type':['Person','Service']", "", true, false, false},
        {",'type':'Person'", "", false, false, false},
        {",'type':'Group'", "", false, false, false},
        {",'type':'Organization'", "", false, false, false},
        {",'type':'service'", "", false, false, false},
        {",'type':'Application '", "", false, false, false},
        {",'type':['Person']", "", false, false, false},
        {",'type':[]", "", false, false, false},
        {",'type':{'id':'Service'}", "", false, false, false},
        {",'type':7", "", false, false, false},
        {",'followers':'" ACTOR "/followers'", ACTOR "/followers", false, false, false},
        {",'followers':'https://a.test/f'", "https://a.test/f", false, false, false},
        {",'followers':'https://b.test/f'", "", false, false, false},
        {",'followers':'http://a.test/f'", "", false, false, false},
        {",'followers':{'id':'" ACTOR "/followers'}", "", false, false, false},
        {",'followers':'f'", "", false, false, false},
        {",'indexable':true", "", false, true, false},
        {",'indexable':false", "", false, false, false},
        {",'indexable':'true'", "", false, false, false},
        {",'indexable':1", "", false, false, false},
        {",'indexable':null", "", false, false, false},
        {",'discoverable':true", "", false, false, false},
        {",'summary':'#nobot'", "", false, false, true},
        {",'summary':'no bot'", "", false, false, false},
        {",'tag':{'type':'Hashtag','name':'#NoIndex'}", "", false, false, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[512];
        struct keydoc got;
        snprintf(text, sizeof(text), "{'id':'" ACTOR "','publicKey':GIVEN%s}", rows[i].more);
        struct json *json = document(text);
        assert_int_equal(keydoc_read(json, SPAN(KEY), SPAN(ACTOR), &got), ERR_OK);
        if (got.machine != rows[i].machine || got.indexable != rows[i].indexable ||
            got.refuses != rows[i].refuses || !span_eq_str(got.followers, rows[i].followers))
            fail_msg("%s", text);
        json_free(&json);
    }
}

/* Only so many keys are looked at. */
static void test_many_keys(void **state)
{
    (void)state;
    for (int place = 15; place <= 16; place++) {
        struct bytes text;
        struct keydoc got;
        bytes_init(&text, 8192);
        bytes_add_str(&text, "{'id':'" ACTOR "','publicKey':[");
        for (int i = 0; i < place; i++)
            bytes_addf(&text, "{'id':'%s%d'},", ACTOR "#", i);
        bytes_add_str(&text, "GIVEN]}");
        struct json *json = document(bytes_str(&text));
        assert_int_equal(keydoc_read(json, SPAN(KEY), SPAN(ACTOR), &got),
                         place == 15 ? ERR_OK : ERR_KEY_DOCUMENT);
        json_free(&json);
        bytes_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests_name("keydoc", tests, NULL, NULL);
}
