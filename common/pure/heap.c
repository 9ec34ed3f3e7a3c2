/* heap: a binary heap of borrowed nodes, each of which knows its place.
 *
 * items[1..n] is the heap; items[0] is not used, so that a node's index 0 can mean "not in it".
 * May not know: what the keys measure. */
#include "common/pure/heap.h"

#include <stdlib.h>

static void put(struct heap *h, size_t at, struct heap_node *node)
{
    h->items[at] = node;
    node->index = at;
}

static void rise(struct heap *h, size_t at)
{
    struct heap_node *node = h->items[at];
    while (at > 1 && h->items[at / 2]->key > node->key) {
        put(h, at, h->items[at / 2]);
        at /= 2;
    }
    put(h, at, node);
}

static void sink(struct heap *h, size_t at)
{
    struct heap_node *node = h->items[at];
    while (2 * at <= h->n) {
        size_t child = 2 * at;
        if (child < h->n && h->items[child + 1]->key < h->items[child]->key)
            child++;
        if (h->items[child]->key >= node->key)
            break;
        put(h, at, h->items[child]);
        at = child;
    }
    put(h, at, node);
}

void heap_fini(struct heap *h)
{
    free(h->items);
    *h = (struct heap){0};
}

void heap_set(struct heap *h, struct heap_node *node, int64_t key)
{
    node->key = key;
    if (node->index == 0) {
        if (h->n + 2 > h->cap) {
            h->cap = h->cap ? h->cap * 2 : 16;
            h->items = mem_grow(h->items, h->cap * sizeof(struct heap_node *));
        }
        put(h, ++h->n, node);
    }
    rise(h, node->index);
    sink(h, node->index);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    size_t at = node->index;
    if (at == 0)
        return;
    struct heap_node *last = h->items[h->n--];
    node->index = 0;
    if (last == node)
        return;
    put(h, at, last);
    rise(h, last->index);
    sink(h, last->index);
}

struct heap_node *heap_first(const struct heap *h)
{
    return h->n ? h->items[1] : NULL;
}
