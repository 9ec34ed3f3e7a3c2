/* The unit test of common/pure/heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/heap.h"

static void empty(void **state)
{
    struct heap h = {0};
    struct heap_node node = {0};
    (void)state;
    assert_null(heap_first(&h));
    heap_remove(&h, &node);
    assert_null(heap_first(&h));
    heap_fini(&h);
}

static void one(void **state)
{
    struct heap h = {0};
    struct heap_node node = {0};
    (void)state;
    heap_set(&h, &node, 5);
    assert_ptr_equal(heap_first(&h), &node);
    assert_int_equal(h.n, 1);
    heap_set(&h, &node, 7); /* moved, not put in again */
    assert_int_equal(h.n, 1);
    assert_int_equal(heap_first(&h)->key, 7);
    heap_remove(&h, &node);
    assert_int_equal(node.index, 0);
    assert_null(heap_first(&h));
    heap_remove(&h, &node);
    heap_set(&h, &node, INT64_MIN);
    assert_ptr_equal(heap_first(&h), &node);
    heap_fini(&h);
    assert_null(heap_first(&h));
}

enum { NODES = 200 };

static void check_order(const struct heap *h)
{
    for (size_t i = 1; i <= h->n; i++) {
        assert_int_equal(h->items[i]->index, i);
        if (i > 1)
            assert_true(h->items[i / 2]->key <= h->items[i]->key);
    }
}

/* Put in, moved up, moved down and taken out at random: the first is the least of those in. */
static void against_a_search(void **state)
{
    struct heap h = {0};
    struct heap_node nodes[NODES] = {{0}};
    uint32_t x = 123456789;
    (void)state;
    for (int step = 0; step < 20000; step++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        struct heap_node *node = &nodes[x % NODES];
        if (x >> 30 == 0)
            heap_remove(&h, node);
        else
            heap_set(&h, node, (int64_t)((x >> 8) % 1000) - 500); /* many alike */
        size_t in = 0;
        int64_t least = INT64_MAX;
        for (size_t i = 0; i < NODES; i++)
            if (nodes[i].index) {
                in++;
                least = nodes[i].key < least ? nodes[i].key : least;
            }
        assert_int_equal(h.n, in);
        assert_int_equal(heap_first(&h) ? heap_first(&h)->key : INT64_MAX, least);
        if (step % 100 == 0)
            check_order(&h);
    }
    heap_fini(&h);
}

static void comes_out_sorted(void **state)
{
    struct heap h = {0};
    struct heap_node nodes[NODES] = {{0}};
    (void)state;
    for (int i = 0; i < NODES; i++)
        heap_set(&h, &nodes[i], (i * 7919) % 211);
    int64_t last = INT64_MIN;
    for (int i = 0; i < NODES; i++) {
        struct heap_node *first = heap_first(&h);
        assert_non_null(first);
        assert_true(first->key >= last);
        last = first->key;
        heap_remove(&h, first);
    }
    assert_null(heap_first(&h));
    heap_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(one),
        cmocka_unit_test(against_a_search),
        cmocka_unit_test(comes_out_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
