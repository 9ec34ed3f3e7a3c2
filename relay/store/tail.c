/* tail: reads everything behind a number, then waits for more.
 *
 *     CONNECT -> START (one page: where the journal begins, and in which epoch) -> FOLLOW
 *     any -> LOST -> CONNECT (told to go on; what START found holds)
 *
 * FOLLOW is one XREAD after the other (all but the first wait for news), over both lanes and the
 * direct mail of our shards: what one of them shows is of one moment (or, if it had to wait, the
 * one stream that was written to first, up to the write that ended the wait), so that no line is
 * told before mail, or a line of the other lane, of a smaller number. CONNECT has a deadline; each
 * command has its own.
 *
 * May not know: what is done with a line. */
#include "relay/store/tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/store_inner.h"

enum {
    BLOCK_MS = 1000,
    PATIENCE = 3 /* deadlines of a command, for the connection to come up */
};

enum tail_state { TAIL_CONNECT, TAIL_START, TAIL_FOLLOW, TAIL_LOST };

struct stream {
    char name[32];
    char last[48]; /* id that was told last */
};

struct page_ask { /* outlives the tail if it must */
    struct tail *tail;
};

struct tail {
    struct tail_config config;
    struct redis *redis;
    struct page_ask *ask;
    enum tail_state state;
    struct stream lanes[LANE_COUNT];
    struct stream mail[STORE_SHARDS]; /* of the shards that are read */
    unsigned mail_n;
    bool found;     /* where to start */
    bool mail_read; /* all that there was at first: no batch is done before */
    bool looked;    /* the first look is not worth waiting for: its batch says that all is told */
    struct timer *patience; /* runs until the first page is asked for */
};

static void tail_goto(struct tail *t, enum tail_state state)
{
    t->state = state;
}

static void lost_for(struct tail *t, const char *why, bool again)
{
    if (t->state == TAIL_LOST)
        return;
    tail_goto(t, TAIL_LOST);
    timer_stop(t->patience);
    t->config.on_lost(t->config.arg, why, again);
}

static void lost(struct tail *t, const char *why)
{
    lost_for(t, why, true);
}

/* --- direct mail ----------------------------------------------------------------------------- */

static void tell_mail(struct tail *t, struct stream *stream, const struct redis_reply *entry)
{
    const struct redis_reply *fields = reply_at(entry, 1);
    struct direct d = {.n = id_number(reply_text(reply_at(entry, 0))),
                       .at_ms = reply_int(reply_field(fields, "t")),
                       .host = reply_text(reply_field(fields, "h")),
                       .inbox = reply_text(reply_field(fields, "i")),
                       .kind = reply_text(reply_field(fields, "k")),
                       .body = reply_text(reply_field(fields, "b"))};
    span_copy(reply_text(reply_at(entry, 0)), stream->last, sizeof(stream->last));
    memcpy(d.id, stream->last, sizeof(d.id));
    if (d.host.n)
        t->config.on_direct(t->config.arg, &d);
}

/* --- lines ----------------------------------------------------------------------------------- */

static uint64_t number_of(const struct redis_reply *entry)
{
    return id_number(reply_text(reply_at(entry, 0)));
}

/* Where one of the streams was not read to its end, lines are told only as far as all of them were:
 * an Accept goes before what follows it, a line before those of a larger number. */
static uint64_t limit_of(const struct redis_reply *streams)
{
    uint64_t limit = UINT64_MAX;
    for (size_t i = 0; i < reply_len(streams); i++) {
        const struct redis_reply *entries = reply_at(reply_at(streams, i), 1);
        size_t n = reply_len(entries);
        uint64_t last = n < STORE_PAGE ? UINT64_MAX : number_of(reply_at(entries, n - 1));
        limit = last < limit ? last : limit;
    }
    return limit;
}

/* False if it can't be read: then it can't be passed either. */
static bool tell_line(struct tail *t, struct stream *lane, const struct redis_reply *reply)
{
    struct journal_line line;
    struct entry *entry;
    if (!line_read(reply, &line, &entry))
        return false;
    t->config.on_line(t->config.arg, &line);
    span_copy(span_of(line.id), lane->last, sizeof(lane->last));
    entry_unref(&entry);
    return true;
}

static const struct redis_reply *entries_of(const struct redis_reply *streams,
                                            const struct stream *stream)
{
    for (size_t i = 0; i < reply_len(streams); i++)
        if (span_eq_str(reply_text(reply_at(reply_at(streams, i), 0)), stream->name))
            return reply_at(reply_at(streams, i), 1);
    return NULL;
}

/* Both lanes in one order. */
static bool tell_lines(struct tail *t, const struct redis_reply *streams)
{
    const struct redis_reply *lanes[LANE_COUNT];
    size_t at[LANE_COUNT] = {0};
    uint64_t limit = limit_of(streams);
    for (unsigned i = 0; i < LANE_COUNT; i++)
        lanes[i] = entries_of(streams, &t->lanes[i]);
    for (;;) {
        unsigned next = LANE_COUNT;
        uint64_t lowest = limit;
        for (unsigned i = 0; i < LANE_COUNT; i++) {
            if (at[i] == reply_len(lanes[i]) || number_of(reply_at(lanes[i], at[i])) > lowest)
                continue;
            next = i;
            lowest = number_of(reply_at(lanes[i], at[i]));
        }
        if (next == LANE_COUNT)
            return true;
        if (!tell_line(t, &t->lanes[next], reply_at(lanes[next], at[next]++)))
            return false;
    }
}

/* --- following ------------------------------------------------------------------------------- */

static void follow(struct tail *t);

/* Of direct mail, nothing is left to be read. */
static bool mail_whole(const struct tail *t, const struct redis_reply *reply)
{
    for (unsigned i = 0; i < t->mail_n; i++)
        if (reply_len(entries_of(reply, &t->mail[i])) == STORE_PAGE)
            return false;
    return true;
}

static void on_streams(void *arg, enum err err, const struct redis_reply *reply)
{
    struct tail *t = arg;
    if (t->state != TAIL_FOLLOW)
        return;
    if (err != ERR_OK) {
        bool passes = trouble_passes(trouble_of_answer(reply_text(reply)));
        if (err == ERR_REDIS)
            lost(t, "no connection to Redis");
        else
            lost_for(t, "Redis refuses to read the journal", passes);
        return;
    }
    for (unsigned i = 0; i < t->mail_n; i++) {
        const struct redis_reply *mail = entries_of(reply, &t->mail[i]);
        for (size_t e = 0; e < reply_len(mail); e++)
            tell_mail(t, &t->mail[i], reply_at(mail, e));
    }
    bool whole = tell_lines(t, reply);
    t->mail_read = t->mail_read || mail_whole(t, reply);
    if (t->mail_read)
        t->config.on_batch(t->config.arg);
    if (whole)
        follow(t);
    else
        lost_for(t, "a line of the journal can't be read", false);
}

static void follow(struct tail *t)
{
    struct span words[6 + 2 * (STORE_SHARDS + LANE_COUNT)];
    char block[16];
    size_t n = 0;
    snprintf(block, sizeof(block), "%d", BLOCK_MS);
    words[n++] = SPAN("XREAD");
    words[n++] = SPAN("COUNT");
    words[n++] = SPAN("256");
    if (t->looked) {
        words[n++] = SPAN("BLOCK");
        words[n++] = span_of(block);
    }
    t->looked = true;
    words[n++] = SPAN("STREAMS");
    for (unsigned i = 0; i < LANE_COUNT; i++)
        words[n++] = span_of(t->lanes[i].name);
    for (unsigned i = 0; i < t->mail_n; i++)
        words[n++] = span_of(t->mail[i].name);
    for (unsigned i = 0; i < LANE_COUNT; i++)
        words[n++] = span_of(t->lanes[i].last);
    for (unsigned i = 0; i < t->mail_n; i++)
        words[n++] = span_of(t->mail[i].last);
    redis_call(t->redis, words, n, BLOCK_MS, on_streams, t);
}

/* --- where to start -------------------------------------------------------------------------- */

static void on_first(void *arg, const struct journal_page *page)
{
    struct page_ask *ask = arg;
    struct tail *t = ask->tail;
    free(ask);
    if (!t)
        return;
    t->ask = NULL;
    if (t->state != TAIL_START)
        return;
    if (page->err != ERR_OK) {
        lost(t, "the journal can't be read");
        return;
    }
    for (unsigned i = 0; i < LANE_COUNT; i++)
        if (page->floor[i] > t->config.after)
            t->config.on_floor(t->config.arg, (enum lane)i, page->floor[i]);
    /* Ids are epoch-number, and the first line may be of an older epoch than ours; without one, all
     * that follow are of ours or a later one. */
    if (page->lines_n) {
        struct span id = span_of(page->lines[0].id);
        struct span epoch = span_cut(&id, '-');
        for (unsigned i = 0; i < LANE_COUNT; i++)
            snprintf(t->lanes[i].last, sizeof(t->lanes[i].last), "%.*s-%" PRIu64, SPAN_ARG(epoch),
                     page->lines[0].n - 1);
    }
    t->found = true;
    tail_goto(t, TAIL_FOLLOW);
    follow(t);
}

/* Ids of streams stay what they are, whatever the epoch is by now. */
static void begin(struct tail *t)
{
    if (t->found) {
        tail_goto(t, TAIL_FOLLOW);
        follow(t);
        return;
    }
    tail_goto(t, TAIL_START);
    t->ask = mem_new(sizeof(*t->ask));
    t->ask->tail = t;
    journal_page(t->config.store, LANE_BOTH, t->config.after, 1, on_first, t->ask);
}

static void on_state(void *arg, bool up)
{
    struct tail *t = arg;
    if (up && t->state == TAIL_CONNECT) {
        timer_stop(t->patience);
        begin(t);
    } else if (!up && t->state != TAIL_CONNECT) {
        lost(t, "no connection to Redis");
    }
}

/* The store has a connection: that this one does not come is trouble that its owner must hear of.
 */
static void on_patience(void *arg)
{
    lost(arg, "no second connection to Redis");
}

/* --- life ------------------------------------------------------------------------------------ */

enum err tail_new(struct loop *loop, const struct tail_config *config, struct tail **ret)
{
    struct tail *t = mem_new(sizeof(*t));
    t->config = *config;
    t->patience = timer_new(loop, on_patience, t);
    snprintf(t->lanes[LANE_NORMAL].name, sizeof(t->lanes[LANE_NORMAL].name), KEY("N"));
    snprintf(t->lanes[LANE_URGENT].name, sizeof(t->lanes[LANE_URGENT].name), KEY("U"));
    for (unsigned i = 0; i < LANE_COUNT; i++)
        snprintf(t->lanes[i].last, sizeof(t->lanes[i].last), "%s-%" PRIu64,
                 store_epoch_text(config->store), config->after);
    for (unsigned i = 0; i < store_shards(config->store); i++) {
        struct stream *mail = &t->mail[t->mail_n];
        if (!(config->shards >> i & 1))
            continue;
        snprintf(mail->name, sizeof(mail->name), KEY("direct:%u"), i);
        snprintf(mail->last, sizeof(mail->last), "0-0");
        t->mail_n++;
    }
    struct redis_config redis = {
        .url = config->url, .command_ms = config->command_ms, .on_state = on_state, .arg = t};
    enum err e = redis_new(loop, &redis, &t->redis);
    if (e != ERR_OK) {
        timer_free(&t->patience);
        free(t);
        return e;
    }
    timer_start(t->patience, PATIENCE * config->command_ms);
    *ret = t;
    return ERR_OK;
}

void tail_rest(struct tail *t)
{
    tail_goto(t, TAIL_LOST);
    timer_stop(t->patience);
}

void tail_again(struct tail *t)
{
    if (t->ask)
        t->ask->tail = NULL;
    t->ask = NULL;
    t->looked = false; /* the first look is not to wait: what it tells is due */
    tail_goto(t, TAIL_CONNECT);
    redis_reset(t->redis);
    timer_start(t->patience, PATIENCE * t->config.command_ms);
}

void tail_free(struct tail **tail)
{
    struct tail *t = *tail;
    *tail = NULL;
    if (!t)
        return;
    tail_goto(t, TAIL_LOST);
    timer_free(&t->patience);
    redis_free(&t->redis);
    if (t->ask)
        t->ask->tail = NULL;
    free(t);
}
