/* plain: what people are shown of HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/pure/plain.h"

static const struct {
    const char *html, *text;
} rows[] = {
    {"", ""},
    {"as it is", "as it is"},
    {"<p>one</p><p>two</p>", "one\ntwo"},
    {"one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour"},
    {"<div class=\"a\">x</div>y", "x\ny"},
    {"  many   \n\t blanks  ", "many blanks"},
    {"<ul><li>a</li><li>b</li></ul>", "a\nb"},
    {"a <a href=\"https://x.example/\">link</a>, a <b>word</b>", "a link, a word"},
    {"<brother>x", "x"},
    {"<pre>x</pre><progress>y", "x\ny"},
    {"2 < 3 and 4 > 3", "2 < 3 and 4 > 3"},
    {"a <", "a <"},
    {"a <b", "a <b"},
    {"<!-- <p>gone</p> -->here", "here"},
    {"<!-- no end", ""},
    {"<!DOCTYPE html><?php x ?>y", "y"},
    {"&lt;b&gt; &amp; &quot;x&apos; &#65;&#x42;&#X43;", "<b> & \"x' ABC"},
    {"a&nbsp;b&shy;c", "a b c"},
    {"&unknown; &; & &#; &#x; &#xzz; &#1114112; &#xd800; &#99999999;",
     "&unknown; &; & &#; &#x; &#xzz; &#1114112; &#xd800; &#99999999;"},
    {"&amp;lt;", "&lt;"},
    {"red \x1b[31m and \x07", "red [31m and"},
    {"&#27;[31m&#x202e;x&#8206;y", "[31m x y"},
    {"\xe2\x80\xaeturned\xe2\x80\xac", "turned"},
    {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8d\x90", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8d\x90"},
    {"\xff\xc3", "??"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes out;
        bytes_init(&out, 4096);
        plain_write(span_of(rows[i].html), 4000, &out);
        if (strcmp(bytes_str(&out), rows[i].text) != 0)
            fail_msg("`%s` is `%s`", rows[i].html, bytes_str(&out));
        bytes_fini(&out);
    }
}

static void test_most(void **state)
{
    (void)state;
    static const struct {
        size_t most;
        const char *text;
    } cut[] = {{0, "..."},      {3, "abc..."},  {4, "abc..."},
               {5, "abc d..."}, {7, "abc def"}, {8, "abc def"}};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        struct bytes out;
        bytes_init(&out, 64);
        bytes_add_str(&out, "before: ");
        plain_write(SPAN("<p>abc</p> def"), cut[i].most, &out);
        char expected[64] = "before: ";
        strncat(expected, cut[i].text, 32);
        for (char *at = expected + 8; *at; at++)
            if (*at == ' ')
                *at = '\n';
        assert_string_equal(bytes_str(&out), expected);
        bytes_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
