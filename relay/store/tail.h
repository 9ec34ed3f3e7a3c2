/* tail: new lines of the journal's two lanes, and of the direct mail of some shards, as they come;
 * waits on a connection of its own. */
#pragma once

#include "relay/rules/schedule.h"
#include "relay/store/journal.h"

struct tail;

struct tail_config {
    const char *url; /* of Redis: XREAD waits on a connection of its own */
    int64_t command_ms;
    struct store *store; /* ready; to find where to start */
    uint64_t after;      /* lines behind this number are told, as far back as there are any */
    uint64_t shards;     /* bit s: direct mail of shard s is told */
    /* Lines of the lane up to this number are no longer in the journal; told before those that are.
     */
    void (*on_floor)(void *arg, enum lane lane, uint64_t floor);
    /* Lines of both lanes in the order of their numbers; direct mail is told before the lines that
     * follow it, all that is unsettled at first. Everything is borrowed during the callback. */
    void (*on_line)(void *arg, const struct journal_line *line);
    void (*on_direct)(void *arg, const struct direct *direct);
    /* A batch is done: now is the time to act. Not before all direct mail was told that there was
     * at first. */
    void (*on_batch)(void *arg);
    /* The connection went away or does not come up (again: tail_again() goes on with it), or a line
     * can't be read: the owner starts over. Once, then silence. Here alone the tail may be freed.
     */
    void (*on_lost)(void *arg, const char *why, bool again);
    void *arg;
};

enum err tail_new(struct loop *loop, const struct tail_config *config, struct tail **ret);
/* Says nothing more, whatever comes, until tail_again(): a time line that the store has not shaken
 * hands in is none to read. */
void tail_rest(struct tail *tail);
/* Redis can be relied on again, and has lost nothing of what was told: goes on behind that, on a
 * new connection. */
void tail_again(struct tail *tail);
void tail_free(struct tail **tail);
