/* courier_commit: a delta as the words that are sent: once it is out, it changes no more, whatever
 * becomes of the schedule that it came from. May not know: what Redis does with it. */
#include <stdlib.h>

#include "sim.h"

static char *cursor_text(const struct cursor *cursor)
{
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(cursor, &text);
    return bytes_take(&text);
}

/* The number of a letter stands behind its epoch. */
static uint64_t letter_number(const char *id)
{
    struct span rest = span_of(id);
    uint64_t n = 0;
    span_cut(&rest, '-');
    return span_u64(rest, UINT64_MAX, &n) ? n : 0;
}

struct commit *commit_new(struct world *w, struct courier *c, const struct delta *delta)
{
    struct commit *commit = mem_new(sizeof(*commit));
    unsigned shard = 0;
    commit->life = c->life;
    commit->list = mem_new((delta->n + 1) * sizeof(*commit->list));
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *change = &delta->list[i];
        struct commit_word *word = &commit->list[commit->n++];
        if (change->kind == CHANGE_SHARD)
            shard = change->shard;
        *word = (struct commit_word){.kind = change->kind,
                                     .shard = shard,
                                     .host = change->host ? host_number(change->host) : 0,
                                     .slot = change->slot,
                                     .tries = change->tries,
                                     .low = change->cursor.low,
                                     .urgent = change->cursor.urgent,
                                     .from = change->from,
                                     .to = change->to,
                                     .why = change->why,
                                     .lanes = change->lanes};
        if (change->kind == CHANGE_SHARD)
            word->seq = c->seq[shard] + 1;
        if (change->kind == CHANGE_CURSOR) {
            word->text = cursor_text(&change->cursor);
            oracle_writes(w, c, word->host, &change->cursor.health);
            word->wait_ms = oracle_knows(w, c, word->host)->wait_ms;
            word->wait_ms += word->wait_ms ? w->wall_offset_ms : 0;
        }
        if (change->kind == CHANGE_DIRECT)
            word->to = letter_number(change->id);
    }
    return commit;
}

void commit_free(struct call *call)
{
    for (size_t i = 0; i < call->commit->n; i++)
        free(call->commit->list[i].text);
    free(call->commit->list);
    free(call->commit);
}
