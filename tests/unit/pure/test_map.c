/* map: put, get, take; keys are bytes; many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/pure/map.h"

static int values[2000];

static struct span key_of(int i, char out[32])
{
    return (struct span){out, (size_t)snprintf(out, 32, "host-%d.example", i)};
}

static void what_is_put_is_found_and_taken_once(void **state)
{
    struct map *map = map_new();
    (void)state;
    assert_null(map_get(map, SPAN("a")));
    assert_null(map_take(map, SPAN("a")));
    map_put(map, SPAN("a"), &values[1]);
    map_put(map, SPAN("a\0b"), &values[2]);
    map_put(map, SPAN(""), &values[3]);
    assert_ptr_equal(map_get(map, SPAN("a")), &values[1]);
    assert_ptr_equal(map_get(map, SPAN("a\0b")), &values[2]);
    assert_ptr_equal(map_get(map, SPAN("")), &values[3]);
    assert_null(map_get(map, SPAN("A")));
    map_put(map, SPAN("a"), &values[4]);
    assert_int_equal(map_count(map), 3);
    assert_ptr_equal(map_take(map, SPAN("a")), &values[4]);
    assert_null(map_get(map, SPAN("a")));
    assert_int_equal(map_count(map), 2);
    map_free(&map);
    assert_null(map);
    map_free(&map);
}

static void thousands_stay_apart(void **state)
{
    struct map *map = map_new();
    char text[32];
    (void)state;
    for (int i = 0; i < 2000; i++)
        map_put(map, key_of(i, text), &values[i]);
    for (int i = 0; i < 2000; i += 2)
        assert_ptr_equal(map_take(map, key_of(i, text)), &values[i]);
    for (int i = 0; i < 2000; i++)
        assert_ptr_equal(map_get(map, key_of(i, text)), i % 2 ? &values[i] : NULL);
    assert_int_equal(map_count(map), 1000);
    map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_found_and_taken_once),
        cmocka_unit_test(thousands_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
