/* heap: a binary heap of things that have a time, smallest first. Intrusive: each thing carries its
 * node, so that it can be taken out or moved without a search. */
#pragma once

#include "common/pure/bytes.h"

struct heap_node {
    int64_t key;
    size_t index; /* 1-based place in the heap; 0 = not in it */
};

struct heap {
    struct heap_node **items;
    size_t n, cap;
};

/* Frees the heap, which is empty then; the nodes are not the heap's and are not looked at: clear
 * them before they go into another. */
void heap_fini(struct heap *h);
/* Puts it in, or moves it if it is in already. */
void heap_set(struct heap *h, struct heap_node *node, int64_t key);
void heap_remove(struct heap *h, struct heap_node *node); /* no effect if it is not in */
struct heap_node *heap_first(const struct heap *h);       /* NULL if empty */
