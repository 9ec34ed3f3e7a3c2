/* book_when: when a cursor passed a number, from the marks of its shard.
 *
 * A mark says where the shard's cursor stands from then on, and which cursors of their own were
 * written. Of a host that none of them names nothing changed: it has what it has now. What it had
 * before the first that does name it follows from how that one does.
 *
 * May not know: what was passed. */
#include "relay/rules/book.h"

#include <string.h>

/* Where a host stands between two marks. */
struct place {
    bool follows; /* where its shard does */
    bool known;   /* else at low, if that is known */
    uint64_t low;
};

static const struct book_move *move_of(const struct book_mark *mark, struct span host)
{
    for (size_t i = mark->moves_n; i > 0; i--)
        if (span_eq_str(host, mark->moves[i - 1].host))
            return &mark->moves[i - 1];
    return NULL;
}

/* Before the first mark. A cursor that follows again, or was written and not for the first time,
 * was one of its own before. Where that stood is not known; but a mark from before n came to be
 * says that n was still ahead of it (early). */
static struct place place_before(const struct book *b, const struct book_marks *marks,
                                 struct span host, bool early)
{
    for (size_t i = 0; i < marks->n; i++) {
        const struct book_move *move = move_of(&marks->list[i], host);
        if (move)
            return (struct place){.follows = move->fresh, .known = early};
    }
    return (struct place){.follows = !book_own(b, host), .known = early};
}

void book_when(const struct book *b, struct span host, uint64_t n, int64_t *since_ms,
               int64_t *until_ms)
{
    const struct book_marks *marks = &b->marks[shard_of(host, b->shards)];
    bool early = marks->n && marks->list[0].at_ms <= *since_ms;
    struct place place = place_before(b, marks, host, early);
    for (size_t i = 0; i < marks->n; i++) {
        const struct book_mark *mark = &marks->list[i];
        const struct book_move *move = move_of(mark, host);
        if (move)
            place = (struct place){move->follows, true, move->low};
        bool known = place.follows || place.known;
        uint64_t low = place.follows ? mark->low : place.low;
        if (known && low >= n) {
            if (mark->at_ms < *until_ms)
                *until_ms = mark->at_ms > *since_ms ? mark->at_ms : *since_ms;
            return;
        }
        if (known && mark->at_ms > *since_ms)
            *since_ms = mark->at_ms < *until_ms ? mark->at_ms : *until_ms;
    }
}
