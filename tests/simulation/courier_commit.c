/* courier_commit: a delta as the words that are sent: once it is out, it changes no more, whatever
 * becomes of the schedule that it came from. May not know: what Redis does with it. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { READ_EVERY = 32 };

static char *cursor_text(const struct cursor *cursor)
{
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(cursor, &text);
    return bytes_take(&text);
}

/* What lies in Redis may be spoiled: one that is read all the same is written as it was read. */
static void read_spoiled(struct world *w, const char *whole)
{
    static const char letters[] = " 0129:,!abdfghikopqrsuvwxyz";
    size_t len = strlen(whole);
    char *text = mem_copy((struct span){whole, len});
    struct cursor once;
    struct cursor twice;
    if (draw(w, 2))
        text[draw(w, len)] = letters[draw(w, sizeof(letters) - 1)];
    else
        text[draw(w, len)] = '\0';
    if (cursor_read(span_of(text), &once)) {
        char *again = cursor_text(&once);
        if (!cursor_read(span_of(again), &twice))
            broken(w, "a cursor that was read from '%s' can't be: %s", text, again);
        free(again);
        cursor_fini(&twice);
        cursor_fini(&once);
    }
    free(text);
}

/* And records of before are read. */
static void read_older(struct world *w, const struct cursor *now)
{
    struct cursor cursor;
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    bytes_addf(&text, "%llu", NUMBER(now->low));
    if (draw(w, 2))
        bytes_addf(&text, " %llu %u 0 0 0", NUMBER(now->health.wake_ms), now->health.failures);
    else
        bytes_addf(&text, " h%llu:%u:1:%u:0:0:0:0", NUMBER(now->low + draw(w, 2)),
                   (unsigned)draw(w, 2), 1 + (unsigned)draw(w, 3));
    if (!cursor_read(bytes_span(&text), &cursor) || cursor.low != now->low)
        broken(w, "a cursor of before can't be read: %.*s", (int)text.n, text.p);
    cursor_fini(&cursor);
    bytes_fini(&text);
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
            if (w->steps % READ_EVERY == 0) {
                read_spoiled(w, word->text);
                read_older(w, &change->cursor);
            }
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
