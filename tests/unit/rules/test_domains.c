/* domains: the forms in which others take lists of hosts, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/domains.h"

static void test_write(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a.example", "127.0.0.1:9101", "[::1]:80"};
    static const struct {
        enum domains_form form;
        size_t n;
        const char *text, *type;
    } rows[] = {
        {DOMAINS_PLAIN, 0, "", "text/plain; charset=utf-8"},
        {DOMAINS_PLAIN, 3, "a.example\n127.0.0.1:9101\n[::1]:80\n", "text/plain; charset=utf-8"},
        {DOMAINS_CSV, 0, "#domain\n", "text/csv; charset=utf-8"},
        {DOMAINS_CSV, 2, "#domain\na.example\n127.0.0.1:9101\n", "text/csv; charset=utf-8"},
        {DOMAINS_JSON, 0, "[]", "application/json"},
        {DOMAINS_JSON, 2, "[{\"domain\":\"a.example\"},{\"domain\":\"127.0.0.1:9101\"}]",
         "application/json"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bytes out;
        bytes_init(&out, 1000);
        domains_write(rows[i].form, hosts, rows[i].n, &out);
        assert_string_equal(bytes_str(&out), rows[i].text);
        assert_string_equal(domains_type(rows[i].form), rows[i].type);
        bytes_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
