/* yaml: what is taken, and each thing that is left out of YAML on purpose, with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "relay/config/yaml.h"

static struct yaml_tree *read_text(struct span text, struct bytes *why)
{
    struct mistakes mistakes = {0};
    struct yaml_tree *tree = yaml_tree_read(text, &mistakes);
    bytes_init(why, 100000);
    mistakes_write(&mistakes, "f", why);
    mistakes_fini(&mistakes);
    return tree;
}

static const struct {
    const char *name, *text, *why;
    bool tree; /* whether what is left is a tree that can be looked at further */
} bad[] = {
    {"empty", "", "f:1:1: the file is empty\n", false},
    {"comments alone", "# url: x\n\n", "f:1:1: the file is empty\n", false},
    {"an empty document", "---\n", "f:1:1: the file is empty\n", false},
    {"tab", "a:\n\tb: c\n", "f:2:1: a tab in the indentation: YAML wants spaces\n", false},
    {"tab behind spaces", "a:\n  \tb: c\n", "f:2:3: a tab in the indentation: YAML wants spaces\n",
     false},
    {"two bad lines", "a: \001\nb: \002\002\n",
     "f:1:4: a control character\nf:2:4: a control character\n", false},
    {"not UTF-8", "a: \xff\n", "f:1:4: not UTF-8\n", false},
    {"Latin-1", "a: \xe4pfel\n", "f:1:4: not UTF-8\n", false},
    {"overlong", "a: \xc0\xaf\n", "f:1:4: not UTF-8\n", false},
    {"surrogate", "a: \xed\xa0\x80\n", "f:1:4: not UTF-8\n", false},
    {"UTF-16",
     "\xff\xfe"
     "a",
     "f:1:1: not UTF-8\n", false},
    {"escape", "a: \033[31m\n", "f:1:4: a control character\n", false},
    {"C1", "a: \xc2\x9b\n", "f:1:4: a control character\n", false},
    {"next line",
     "a: \xc2\x85"
     "b\n",
     "f:1:4: a control character\n", false},
    {"line separator", "a: \xe2\x80\xa8\n",
     "f:1:4: a Unicode line break: only line feeds end a line here\n", false},
    {"lone CR", "a: b\rc: d\n", "f:1:5: a carriage return without a line feed\n", false},
    {"columns are characters", "\xc3\xa4\xc3\xa4: \xff\n", "f:1:5: not UTF-8\n", false},
    {"alias", "a: b\nc: *x\n", "f:2:4: an alias (*x) is not accepted: write the value out\n", true},
    {"anchor", "a: &x b\n",
     "f:1:4: an anchor (&x) is not accepted: write values out where they are used\n", true},
    {"anchor of a list", "a: &x [b]\n",
     "f:1:4: an anchor (&x) is not accepted: write values out where they are used\n", true},
    {"anchor of a mapping", "a: &x {b: c}\n",
     "f:1:4: an anchor (&x) is not accepted: write values out where they are used\n", true},
    {"merge", "a:\n  <<: {b: c}\n",
     "f:2:3: a merge key (<<) is not accepted: write the values out\n", true},
    {"merge and alias", "a: &x {b: c}\nd:\n  <<: *x\n",
     "f:1:4: an anchor (&x) is not accepted: write values out where they are used\n"
     "f:3:3: a merge key (<<) is not accepted: write the values out\n"
     "f:3:7: an alias (*x) is not accepted: write the value out\n",
     true},
    {"tag", "a: !!int 3\n",
     "f:1:4: a tag (tag:yaml.org,2002:int) is not accepted: each setting knows its type\n", true},
    {"own tag", "a: !x {}\n", "f:1:4: a tag (!x) is not accepted: each setting knows its type\n",
     true},
    {"star without quotes", "a: *\n",
     "f:1:5: while scanning an alias: did not find expected alphabetic or numeric character (a "
     "text "
     "that begins with * must stand in quotes)\n",
     false},
    {"version", "%YAML 1.1\n---\na: b\n", "f:1:1: a directive (%) is not accepted\n", true},
    {"tag directive", "%TAG ! tag:x,2000:\n---\na: b\n", "f:1:1: a directive (%) is not accepted\n",
     true},
    {"second document", "a: b\n---\nc: d\n",
     "f:2:1: a second document: a file holds one configuration\n", true},
    {"duplicate", "a: 1\nb: 2\na: 3\n", "f:3:1: duplicate key \"a\": it is on line 1 already\n",
     true},
    {"duplicate in quotes", "a: 1\n\"a\": 3\n",
     "f:2:1: duplicate key \"a\": it is on line 1 already\n", true},
    {"duplicate nested, flow", "x: {a: 1, a: 2}\n",
     "f:1:11: duplicate key \"a\": it is on line 1 already\n", true},
    {"key that is a list", "[a]: b\n", "f:1:1: a key must be a text, not a list\n", true},
    {"unclosed", "a: [b\n",
     "f:2:1: while parsing a flow sequence: did not find expected ',' or ']'\n", false},
    {"indentation", "a: b\n  c: d\n", "f:2:4: mapping values are not allowed in this context\n",
     false},
    {"mistakes before it breaks", "a: &x b\nc: [\n",
     "f:1:4: an anchor (&x) is not accepted: write values out where they are used\n"
     "f:3:1: while parsing a flow node: did not find expected node content\n",
     false},
    {"too deep", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]\n",
     "f:1:17: nested more than 16 levels deep\n", false},
    {"a terminal's escape is not passed on", "\"\\e[31m\": 1\n\"\\e[31m\": 1\n",
     "f:2:1: duplicate key \"\\x1b[31m\": it is on line 1 already\n", true},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct bytes why;
        struct yaml_tree *tree = read_text(span_of(bad[i].text), &why);
        print_message("%s\n", bad[i].name);
        assert_string_equal(bytes_str(&why), bad[i].why);
        assert_int_equal(tree != NULL, bad[i].tree);
        yaml_tree_free(&tree);
        bytes_fini(&why);
    }
}

static void test_nul(void **state)
{
    (void)state;
    struct bytes why;
    struct yaml_tree *tree = read_text(SPAN("a: b\0c\n"), &why);
    assert_null(tree);
    assert_string_equal(bytes_str(&why), "f:1:5: a NUL byte\n");
    bytes_fini(&why);
}

/* The tree as one line: texts in quotes, with their places. */
static void show(const struct yaml_tree *t, struct bytes *out)
{
    if (t->kind == TREE_TEXT) {
        bytes_addf(out, "'%.*s'@%u:%u", SPAN_ARG(yaml_tree_text(t)), t->at.line, t->at.column);
        return;
    }
    bytes_add_char(out, t->kind == TREE_MAP ? '{' : '[');
    for (size_t i = 0; i < t->n; i++) {
        bytes_add_str(out, i ? ", " : "");
        if (t->kind == TREE_MAP) {
            show(t->keys[i], out);
            bytes_add_str(out, ": ");
        }
        show(t->values[i], out);
    }
    bytes_add_char(out, t->kind == TREE_MAP ? '}' : ']');
}

static const struct {
    const char *text, *shown;
} good[] = {
    {"a: b\n", "{'a'@1:1: 'b'@1:4}"},
    {"a: b", "{'a'@1:1: 'b'@1:4}"},
    {"---\na: b\n...\n", "{'a'@2:1: 'b'@2:4}"},
    {"\xef\xbb\xbf"
     "a: b\n",
     "{'a'@1:2: 'b'@1:5}"},
    {"a: b\r\nc: d\r\n", "{'a'@1:1: 'b'@1:4, 'c'@2:1: 'd'@2:4}"},
    {"a:\tb # tab between\n", "{'a'@1:1: 'b'@1:4}"},
    {"a: no\nb: 0x10\nc: ~\nd:\n", "{'a'@1:1: 'no'@1:4, 'b'@2:1: '0x10'@2:4, 'c'@3:1: '~'@3:4, "
                                   "'d'@4:1: ''@4:3}"},
    {"a:\n  - b\n  - {c: [d, e]}\n", "{'a'@1:1: ['b'@2:5, {'c'@3:6: ['d'@3:10, 'e'@3:13]}]}"},
    {"{a: 'b: c', \"d\": \"e\\u00e9\"}\n", "{'a'@1:2: 'b: c'@1:5, 'd'@1:13: 'e\xc3\xa9'@1:18}"},
    {"a: |\n  b\n  c\n", "{'a'@1:1: 'b\nc\n'@1:4}"},
    {"\xc3\xa4: b\n", "{'\xc3\xa4'@1:1: 'b'@1:4}"},
    {"text\n", "'text'@1:1"},
    {"? a\n: b\n", "{'a'@1:3: 'b'@2:3}"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct bytes why, shown;
        struct yaml_tree *tree = read_text(span_of(good[i].text), &why);
        assert_string_equal(bytes_str(&why), "");
        assert_non_null(tree);
        bytes_init(&shown, 10000);
        show(tree, &shown);
        assert_string_equal(bytes_str(&shown), good[i].shown);
        yaml_tree_free(&tree);
        assert_null(tree);
        bytes_fini(&shown);
        bytes_fini(&why);
    }
}

/* Many keys would take the square of their number to compare. */
static void test_many_keys(void **state)
{
    (void)state;
    struct bytes text, why;
    bytes_init(&text, 1 << 20);
    for (int i = 0; i <= YAML_TREE_KEYS; i++)
        bytes_addf(&text, "k%d: 1\n", i);
    struct yaml_tree *tree = read_text(bytes_span(&text), &why);
    assert_null(tree);
    assert_string_equal(bytes_str(&why), "f:2001:1: more than 2000 keys in one mapping\n");
    bytes_fini(&text);
    bytes_fini(&why);
}

static void test_many_mistakes(void **state)
{
    (void)state;
    struct bytes text, why;
    bytes_init(&text, 1 << 20);
    for (int i = 0; i < MISTAKES_MAX + 5; i++)
        bytes_addf(&text, "k%d: &a 1\n", i);
    struct yaml_tree *tree = read_text(bytes_span(&text), &why);
    yaml_tree_free(&tree);
    assert_true(span_ends(bytes_span(&why), SPAN("f: and 5 more\n")));
    bytes_fini(&text);
    bytes_fini(&why);
}

/* Every head of a good file ends in a tree or in words, never in neither. */
static void test_cut_short(void **state)
{
    (void)state;
    static const char text[] =
        "a:\n  - {b: 'c', \"d\": [e, \"f\\u00e9\"]}\n  - |\n    g\nh: [i, \xc3\xa4]\n";
    for (size_t n = 0; n < sizeof(text); n++) {
        struct bytes why;
        struct yaml_tree *tree = read_text((struct span){text, n}, &why);
        assert_true((tree != NULL) == (why.n == 0));
        yaml_tree_free(&tree);
        bytes_fini(&why);
    }
}

static void test_quoted(void **state)
{
    (void)state;
    assert_string_equal(quoted(SPAN("a\"b\\c")).text, "\"a\\\"b\\\\c\"");
    assert_string_equal(quoted(SPAN("\n\x7f\xc2\x9b\xc3\xa4")).text, "\"\\x0a\\x7f\\x9b\xc3\xa4\"");
    struct quoted q =
        quoted(SPAN("0123456789012345678901234567890123456789012345678901234567890123456789"
                    "012345678901234567890123456789"));
    assert_true(span_ends(span_of(q.text), SPAN("...\"")));
    assert_string_equal(quoted(SPAN_NONE).text, "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),           cmocka_unit_test(test_nul),
        cmocka_unit_test(test_good),          cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_many_mistakes), cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
