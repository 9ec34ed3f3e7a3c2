/* facts: links. Whatever a receiver may show as a link is one; what cannot be read for sure cuts
 * the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/facts_rig.h"

#define CONTENT(json_text) WRAP("\"type\":\"Note\",\"content\":\"" json_text "\"")
#define HREF(value)        CONTENT("<a href=\\\"" value "\\\">x</a>")

/* One link as it stands in an attribute, and what is made of it. */
static const struct {
    const char *text, *wanted;
} hrefs[] = {
    {HREF("https://b.example"), "[b.example]"},
    {HREF("https://b.example/x?y=1&amp;z=2#w"), "[b.example]"},
    {HREF("HTTPS://B.Example/"), "[b.example]"},
    {HREF("http://b.example:80/"), "[b.example]"},
    {HREF("http://b.example:443/"), "[b.example:443, b.example]"},
    {HREF("https://b.example:8443/"), "[b.example:8443, b.example]"},
    {HREF("https://b.example./"), "[b.example]"},
    {HREF("https://b.example:/"), "[b.example]"},
    {HREF("//b.example/x"), "[b.example]"},
    {HREF("https://[2001:db8::1]/"), "[[2001:db8::1]]"},
    {HREF("https://[2001:DB8::1]:8443/"), "[[2001:db8::1]:8443, [2001:db8::1]]"},
    {HREF("https://192.0.2.1/"), "[192.0.2.1]"},
    {HREF("https://b\xc3\xbc"
          "cher.example/\xc3\xbc"),
     "[xn--bcher-kva.example]"},
    {HREF("gemini://b.example/"), "[b.example]"},
    {HREF("ftp://b.example:2121/"), "[b.example:2121, b.example]"},
    {HREF("file:////b.example/share"), "[b.example]"},
    /* ways of writing it that browsers take */
    {HREF("https:/b.example/"), "[b.example]"},
    {HREF("https:\\\\\\\\b.example\\\\x"), "[b.example]"},
    {HREF("\\\\\\\\b.example"), "[b.example]"},
    {HREF("https://///b.example/"), "[b.example]"},
    {HREF("https://u:p@b.example/"), "[b.example]"},
    {HREF("https://c.example@b.example/"), "[b.example]"},
    {HREF("https://c.example%2f@b.example/"), "[b.example]"},
    {HREF("  \\t\\nhttps://b.example/  "), "[b.example]"},
    {HREF("ht\\ntps:/\\t/b.ex\\rample/"), "[b.example]"},
    {HREF("&#104;&#x74;&#X74;ps&colon;&sol;&#0000000000000000000000000000047;b&period;example/"),
     "[b.example]"},
    {HREF("https&#58//b.example/"), "[b.example]"},
    {HREF("h&Tab;t&NewLine;tps://b.example/"), "[b.example]"},
    {HREF("&#1;&#32;https://b.example/"), "[b.example]"},
    {HREF("https:&bsol;&bsol;b.example/"), "[b.example]"},
    /* the author's own */
    {HREF("https://blog.corp.example/tags/x"), "[]"},
    {HREF("https://BLOG.corp.example./tags/x"), "[]"},
    {HREF("https://blog.corp.example:8443/"), "[blog.corp.example:8443]"},
    {HREF("http://blog.corp.example/"), "[]"},
    {HREF("/x"), "[]"},
    {HREF("x/y"), "[]"},
    {HREF("?x=https"), "[]"},
    {HREF("#x"), "[]"},
    {HREF(""), "[]"},
    {HREF("a&amp;b"), "[]"},
    {HREF("./a:b"), "[]"},
    /* no host */
    {HREF("mailto:jo@b.example"), "[]"},
    {HREF("tel:+49"), "[]"},
    {HREF("magnet:?xt=urn"), "[]"},
    {HREF("matrix:r/x"), "[]"},
    {HREF("javascript:alert(1)"), "[]"},
    {HREF("data:text/html,x"), "[]"},
    {HREF("c:\\\\x"), "[]"},
    {HREF("file:///etc"), "[etc]"},
    {HREF("https://"), "[]"},
    {HREF("https:"), "[]"},
    {HREF("https:///"), "[]"},
    /* not to be read for sure */
    {HREF("https:b.example"), "[...]"},
    {HREF("https://b.example%2ec.example/"), "[...]"},
    {HREF("https://0x7f.1/"), "[...]"},
    {HREF("https://127.1/"), "[...]"},
    {HREF("https://2130706433/"), "[...]"},
    {HREF("https://b..example/"), "[...]"},
    {HREF("https://b.example:99999/"), "[...]"},
    {HREF("https://b&dot;example/"), "[b, ...]"},
    {HREF("//b&dot;example/"), "[...]"},
    {HREF("//b.example&commat;c.example/"), "[...]"},
    {HREF("&fjlig;x"), "[...]"},
    {HREF("//b&#0;.example/"), "[...]"},
    {HREF("//b&#xd800;.example/"), "[...]"},
    {HREF("//b&#x110000;.example/"), "[...]"},
    {HREF("//b c.example/"), "[...]"},
    {HREF("https://*.example/"), "[...]"},
    {HREF("https://[::1/"), "[...]"},
    {HREF("at://did:plc:x/app"), "[...]"},
};

/* Where a link may stand. */
static const struct {
    const char *text, *wanted;
} places[] = {
    {CONTENT(""), "[]"},
    {CONTENT("plain"), "[]"},
    {CONTENT("<a href='https://b.example/'>"), "[b.example]"},
    {CONTENT("<a href=//b.example>x"), "[b.example]"},
    {CONTENT("<a href=//b.example"), "[b.example]"},
    {CONTENT("<a\\nHREF\\n=\\n\\\"//b.example\\\""), "[b.example]"},
    {CONTENT("<a title=\\\"x>\\\"href=\\\"//b.example\\\">"), "[b.example]"},
    {CONTENT("<a title=\\\"x><a href='//b.example'>"), "[b.example]"},
    {CONTENT("<a/href='//b.example'>"), "[b.example]"},
    {CONTENT("<!-- <a href='//b.example'> -->"), "[b.example]"},
    {CONTENT("<!--><a href='//b.example'>"), "[b.example]"},
    {CONTENT("<a href='//b.example"), "[b.example]"},
    {CONTENT("<img src='//b.example/p.png'>"), "[b.example]"},
    {CONTENT("<img srcset='//b.example/p 1x, https://c.example/q 2x'>"), "[b.example, c.example]"},
    {CONTENT("<video poster='//b.example/p'>"), "[b.example]"},
    {CONTENT("<object data='//b.example/p'>"), "[b.example]"},
    {CONTENT("<form action='//b.example/'><button formaction='//c.example/'>"),
     "[b.example, c.example]"},
    {CONTENT("<q cite='//b.example/'>"), "[b.example]"},
    {CONTENT("<td background='//b.example/'>"), "[b.example]"},
    {CONTENT("<svg><a xlink:href='//b.example/'>"), "[b.example]"},
    {CONTENT("<a data-href='//b.example/'>"), "[b.example]"},
    {CONTENT("<a hrefs='//b.example/' refs='//b.example'>"), "[]"},
    {CONTENT("<a title='//b.example/'>"), "[]"},
    {CONTENT("<a title='https://b.example/'>"), "[b.example]"},
    /* bare, in a sentence */
    {CONTENT("See https://b.example."), "[b.example]"},
    {CONTENT("(https://b.example)"), "[b.example]"},
    {CONTENT("[x](https://b.example/y)"), "[b.example]"},
    {CONTENT("HTTP://B.example: x"), "[b.example]"},
    {CONTENT("https://b.example, https://b.example! http://c.example:81/"),
     "[b.example, c.example:81, c.example]"},
    {CONTENT("https://u@b.example/"), "[b.example]"},
    {CONTENT("https://[2001:db8::1]:81"), "[[2001:db8::1]:81, [2001:db8::1]]"},
    {CONTENT("<span>https://</span>"), "[]"},
    {CONTENT("https:// https://\xe2\x80\xa6 https://. http:/x ftp://b.example a://b"), "[]"},
    {CONTENT("https://&quot;"), "[]"},
    {CONTENT("://b.example ttp://b.example http"), "[]"},
    {CONTENT("https://blog.corp.example/ https://blog.corp.example:8443/"),
     "[blog.corp.example:8443]"},
    /* the same host many times */
    {CONTENT("<a href=\\\"https://b.example/1\\\">https://b.example/1</a> "
             "<a href=\\\"https://B.example/2\\\">"),
     "[b.example]"},
    /* translations, warnings */
    {WRAP("\"contentMap\":{\"en\":\"https://b.example\",\"de\":\"https://c.example\"}"),
     "[b.example, c.example]"},
    {WRAP("\"content\":\"https://b.example\",\"contentMap\":{\"en\":\"https://b.example\"}"),
     "[b.example]"},
    {WRAP("\"summary\":\"https://b.example\",\"summaryMap\":{\"de\":\"https://c.example\"}"),
     "[b.example, c.example]"},
    {WRAP("\"name\":\"https://b.example\",\"source\":{\"content\":\"https://b.example\"}"), "[]"},
    /* URLs */
    {WRAP("\"url\":\"https://b.example/x\""), "[b.example]"},
    {WRAP("\"url\":\"https://blog.corp.example/x\""), "[]"},
    {WRAP("\"url\":[{\"type\":\"Link\",\"href\":\"https://b.example/x\"},"
          "\"https://c.example/\",7,null,{}]"),
     "[b.example, c.example]"},
    {WRAP("\"url\":\"https:b.example\""), "[...]"},
    {WRAP("\"url\":\"https://b&amp;.example\""), "[...]"},
    {WRAP("\"attachment\":[{\"type\":\"Link\",\"href\":\"https://b.example/\"},"
          "{\"type\":\"Document\",\"url\":\"https://c.example/\"}]"),
     "[b.example]"},
    {WRAP("\"attachment\":{\"type\":\"as:Link\",\"url\":\"https://b.example/\"}"), "[b.example]"},
    {WRAP("\"attachment\":{\"type\":\"PropertyValue\",\"name\":\"Web\",\"value\":"
          "\"<a href='https://b.example'>b</a>\"}"),
     "[b.example]"},
    {WRAP("\"tag\":[{\"type\":\"Link\",\"href\":\"https://b.example/o\"},"
          "{\"type\":\"Mention\",\"href\":\"https://c.example/u\"},"
          "{\"type\":\"Hashtag\",\"href\":\"https://d.example/t\"}]"),
     "[b.example]"},
    {WRAP("\"quote\":\"https://b.example/1\",\"quoteUrl\":\"https://c.example/1\",\"quoteUri\":"
          "\"https://d.example/1\",\"_misskey_quote\":\"https://e.example/1\""),
     "[b.example, c.example, d.example, e.example]"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":\"https://b.example/n\"}",
     "missing: the object is only named"},
    {"{" HEAD TO ",\"content\":\"https://b.example\",\"type\":\"Announce\",\"object\":"
     "\"https://b.example/n\"}",
     "missing: the object is only named"},
};

static void rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hrefs) / sizeof(*hrefs); i++)
        rig_expect(hrefs[i].text, &rig_context, FACT_LINKS, hrefs[i].wanted);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        rig_expect(places[i].text, &rig_context, FACT_LINKS, places[i].wanted);
}

/* A note whose content is `count` times the text, with its number where `%zu` stands. */
static void many(const char *before, size_t count, const char *after, struct bytes *out)
{
    bytes_init(out, 8 << 20);
    bytes_add_str(out,
                  "{" HEAD TO ",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\","
                  "\"content\":\"");
    for (size_t i = 0; i < count; i++)
        bytes_addf(out, "%s%zu%s", before, i, after);
    bytes_add_str(out, "\"}}");
    assert_false(out->over);
}

static void expect_many(const char *before, size_t count, const char *after, size_t hosts, bool cut)
{
    struct bytes text;
    many(before, count, after, &text);
    const struct fact_value *value =
        facts_get(rig_read(bytes_str(&text), &rig_context), FACT_LINKS);
    assert_true(value->known);
    if (value->texts_n != hosts || value->cut != cut)
        fail_msg("%zu of '%s': %zu%s", count, before, value->texts_n, value->cut ? " cut" : "");
    bytes_fini(&text);
    rig_end();
}

/* The list ends at its bound, and says so; so does the work. */
static void bounds(void **state)
{
    (void)state;
    expect_many("<a href='https://h", FACTS_LINKS_MAX, ".example/'>", FACTS_LINKS_MAX, false);
    expect_many("<a href='https://h", FACTS_LINKS_MAX + 1, ".example/'>", FACTS_LINKS_MAX, true);
    expect_many("https://h", FACTS_LINKS_MAX + 1, ".example ", FACTS_LINKS_MAX, true);
    expect_many("<a href='/", 4000, "'>", 0, false);
    expect_many("<a href='/", 100000, "'>", 0, true);
    expect_many("https://a.example/", 100000, " ", 0, false);
    expect_many("https://..", 100000, " ", 0, true);
    expect_many("href=", 100000, "", 0, true);
    expect_many("href=\\\"", 100000, "", 0, true);
    expect_many("=", 100000, "", 0, false);
    expect_many(":", 100000, "", 0, false);
}

/* A URL whose host does not end within what is read. */
static void too_long(void **state)
{
    static const struct {
        const char *before, *after;
        size_t hosts;
        bool cut;
    } table[] = {
        {"<a href='https://b.example/", "'>", 1, false}, {"<a href='//", "@b.example'>", 0, true},
        {"<a href='//", ".example'>", 0, true},          {"<a href='", "'>", 0, false},
        {"<a href='//b.example?", "'>", 1, false},       {"//", "", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct bytes text;
        bytes_init(&text, 1 << 16);
        bytes_addf(&text, "%s", table[i].before);
        for (size_t n = 0; n < 3000; n++)
            bytes_add_char(&text, 'y');
        expect_many(bytes_str(&text), 1, table[i].after, table[i].hosts, table[i].cut);
        bytes_fini(&text);
    }
    /* white space before does not hide it */
    struct bytes blank;
    bytes_init(&blank, 1 << 16);
    bytes_add_str(&blank, "<a href='");
    for (size_t n = 0; n < 3000; n++)
        bytes_add_str(&blank, n % 2 ? " " : "&#9;");
    bytes_add_str(&blank, "//b.example/");
    expect_many(bytes_str(&blank), 1, "'>", 1, false);
    bytes_fini(&blank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(bounds),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, drop_tree);
}
