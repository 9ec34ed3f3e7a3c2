/* nodeinfo: what hosts say of their software, as it is out there, and as nobody should say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/nodeinfo.h"

#define NS   "http://nodeinfo.diaspora.software/ns/schema/"
#define HOST "https://a.example"

/* In single quotes. */
static struct json *read(const char *text)
{
    static const struct json_limits limits = {32, 10000, 50000};
    struct json *json = NULL;
    char buffer[8192];
    snprintf(buffer, sizeof(buffer), "%s", text);
    for (char *c = buffer; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(json_read(span_of(buffer), &limits, &json), ERR_OK);
    return json;
}

#define LINK(version, href) "{'rel':'" NS version "','href':'" href "'}"

static void test_link(void **state)
{
    static const struct {
        const char *index, *is; /* NULL: none */
    } rows[] = {
        {"{'links':[" LINK("2.0", HOST "/nodeinfo/2.0") "]}", HOST "/nodeinfo/2.0"},
        /* the best, wherever it stands */
        {"{'links':[" LINK("2.0", HOST "/2.0") "," LINK("2.1", HOST "/2.1") "]}", HOST "/2.1"},
        {"{'links':[" LINK("2.1", HOST "/2.1") "," LINK("2.0", HOST "/2.0") "]}", HOST "/2.1"},
        {"{'links':[" LINK("1.0", HOST "/1.0") "," LINK("2.2", HOST "/2.2") "]}", HOST "/2.2"},
        {"{'links':[{'rel':'https://nodeinfo.diaspora.software/ns/schema/2.0','href':'" HOST
         "/x'}]}",
         HOST "/x"},
        /* among others, as FEP-2677 has it */
        {"{'links':[{'rel':'https://www.w3.org/ns/activitystreams#Application','href':'" HOST
         "/actor'}," LINK("2.0", HOST "/n?v=2#x") "]}",
         HOST "/n?v=2"},
        {"{'links':[" LINK("2.0", "HTTPS://A.example:443/n") "]}", HOST "/n"},
        /* the better one is nowhere that we would go */
        {"{'links':[" LINK("2.1", "https://b.example/2.1") "," LINK("2.0", HOST "/2.0") "]}",
         HOST "/2.0"},
        /* none */
        {"{'links':[" LINK("2.0", "https://b.example/n") "]}", NULL},
        {"{'links':[" LINK("2.0", "http://a.example/n") "]}", NULL},
        {"{'links':[" LINK("2.0", "https://a.example:8443/n") "]}", NULL},
        {"{'links':[" LINK("2.0", "https://x@a.example/n") "]}", NULL},
        {"{'links':[" LINK("2.0", "/nodeinfo/2.0") "]}", NULL},
        {"{'links':[" LINK("3.0", HOST "/n") "]}", NULL},
        {"{'links':[" LINK("", HOST "/n") "]}", NULL},
        {"{'links':[{'rel':'2.0','href':'" HOST "/n'}]}", NULL},
        {"{'links':[{'href':'" HOST "/n'}]}", NULL},
        {"{'links':[{'rel':'" NS "2.0'}]}", NULL},
        {"{'links':[7,null,'" NS "2.0',[]]}", NULL},
        {"{'links':{}}", NULL},
        {"{'links':[]}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"'" HOST "/n'", NULL},
    };
    struct uri origin;
    (void)state;
    assert_int_equal(uri_read(SPAN(HOST "/"), &origin), ERR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char out[URI_MAX + URI_AUTHORITY_SIZE] = "x";
        struct json *json = read(rows[i].index);
        bool found = nodeinfo_link(json, &origin, out, sizeof(out));
        if (found != (rows[i].is != NULL) || strcmp(out, rows[i].is ? rows[i].is : "") != 0)
            fail_msg("%s: %s", rows[i].index, out);
        json_free(&json);
    }
    char out[8] = "x";
    assert_false(nodeinfo_link(NULL, &origin, out, sizeof(out)));
    assert_string_equal(out, "");
}

static void add(char *text, size_t size, const char *more)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s", more);
}

/* What stands behind the 32nd is not looked at. */
static void test_many_links(void **state)
{
    (void)state;
    for (size_t before = 31; before <= 32; before++) {
        char text[8192] = "{'links':[";
        char out[URI_MAX + URI_AUTHORITY_SIZE];
        struct uri origin;
        for (size_t i = 0; i < before; i++)
            add(text, sizeof(text), "{'rel':'x','href':'https://a.example/'},");
        add(text, sizeof(text), LINK("2.0", HOST "/n") "]}");
        struct json *json = read(text);
        assert_int_equal(uri_read(SPAN(HOST "/"), &origin), ERR_OK);
        assert_int_equal(nodeinfo_link(json, &origin, out, sizeof(out)), before == 31);
        json_free(&json);
    }
}

#define NAME63 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"

static void test_software(void **state)
{
    static const struct {
        const char *document, *is; /* NULL: none */
    } rows[] = {
        {"{'version':'2.1','software':{'name':'mastodon','version':'4.5.1'}}", "mastodon"},
        {"{'software':{'name':'snac'},'usage':{'users':{'total':'many'}}}", "snac"},
        {"{'software':{'name':'Iceshrimp.NET'}}", "iceshrimp.net"},
        {"{'software':{'name':'hackers_pub-2'}}", "hackers_pub-2"},
        {"{'software':{'name':'" NAME63 "'}}", NAME63},
        {"{'software':{'name':'" NAME63 "d'}}", NULL},
        {"{'software':{'name':''}}", NULL},
        {"{'software':{'name':'two words'}}", NULL},
        {"{'software':{'name':'a,b'}}", NULL},
        {"{'software':{'name':'na\\u00efve'}}", NULL},
        {"{'software':{'name':'a\\nb'}}", NULL},
        {"{'software':{'name':7}}", NULL},
        {"{'software':{'name':['mastodon']}}", NULL},
        {"{'software':'mastodon'}", NULL},
        {"{'name':'mastodon'}", NULL},
        {"{}", NULL},
        {"7", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char out[NODEINFO_NAME_SIZE] = "x";
        struct json *json = read(rows[i].document);
        bool found = nodeinfo_software(json, out);
        if (found != (rows[i].is != NULL) || strcmp(out, rows[i].is ? rows[i].is : "") != 0)
            fail_msg("%s: %s", rows[i].document, out);
        json_free(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_many_links),
        cmocka_unit_test(test_software),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
