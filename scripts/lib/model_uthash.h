/* A model of uthash and utlist for clang-tidy alone, which reads it before each file: what the
 * macros do to the pointers that they are given, without how. The real ones unfold to pages of
 * nested loops in the function that uses them, and the analyzer then speaks of their inside (nesting
 * that nobody wrote, a table that it believes empty, an element that it believes freed). */
#pragma once

#include <stddef.h>
#include <uthash.h>
#include <utlist.h>

/* An unknown pointer; whatever is handed in may be kept. */
void *model_any(const void *kept, ...);
size_t model_count(const void *head);

#undef HASH_ADD
#undef HASH_ADD_KEYPTR
#undef HASH_ADD_STR
#undef HASH_FIND
#undef HASH_FIND_STR
#undef HASH_DELETE
#undef HASH_DEL
#undef HASH_CLEAR
#undef HASH_COUNT
#undef HASH_CNT
#undef HASH_ITER
#define HASH_ADD(hh, head, field, n, add)          ((head) = model_any(add, head))
#define HASH_ADD_KEYPTR(hh, head, key, n, add)     ((head) = model_any(add, head, key))
#define HASH_ADD_STR(head, field, add)             ((head) = model_any(add, head))
#define HASH_FIND(hh, head, key, n, out)           ((out) = model_any(head, key))
#define HASH_FIND_STR(head, key, out)              ((out) = model_any(head, key))
#define HASH_DELETE(hh, head, gone)                ((head) = model_any(head))
#define HASH_DEL(head, gone)                       ((head) = model_any(head))
#define HASH_CLEAR(hh, head)                       ((head) = NULL)
#define HASH_CNT(hh, head)                         ((unsigned)model_count(head))
#define HASH_COUNT(head)                           ((unsigned)model_count(head))
#define HASH_ITER(hh, head, el, tmp)                                                               \
    for ((el) = model_any(head), (tmp) = model_any(head); (el) != NULL;                            \
         (el) = (tmp), (tmp) = model_any(head))

#undef DL_APPEND
#undef DL_PREPEND
#undef DL_DELETE
#undef DL_FOREACH
#undef DL_FOREACH_SAFE
#define DL_APPEND(head, add)  ((head) = model_any(add, head))
#define DL_PREPEND(head, add) ((head) = model_any(add, head))
#define DL_DELETE(head, gone) ((head) = model_any(head))
#define DL_FOREACH(head, el)  for ((el) = (head); (el) != NULL; (el) = model_any(head))
#define DL_FOREACH_SAFE(head, el, tmp)                                                             \
    for ((el) = (head), (tmp) = model_any(head); (el) != NULL; (el) = (tmp), (tmp) = model_any(head))

#undef LL_APPEND
#undef LL_PREPEND
#undef LL_DELETE
#undef LL_FOREACH
#undef LL_FOREACH_SAFE
#define LL_APPEND       DL_APPEND
#define LL_PREPEND      DL_PREPEND
#define LL_DELETE       DL_DELETE
#define LL_FOREACH      DL_FOREACH
#define LL_FOREACH_SAFE DL_FOREACH_SAFE
