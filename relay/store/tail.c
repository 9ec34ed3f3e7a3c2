/* tail: reads everything behind a number, then waits for more.
 *
 *     CONNECT -> MAIL (all direct mail that is unsettled) -> PAGES (lines up to now) -> FOLLOW
 * (XREAD BLOCK) any -> LOST
 *
 * May not know: what is done with a line. */
#include "relay/store/tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/store_inner.h"

enum { BLOCK_MS = 1000 };

enum tail_state { TAIL_CONNECT, TAIL_MAIL, TAIL_PAGES, TAIL_FOLLOW, TAIL_LOST };

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
    uint64_t told;       /* number of the last line */
    struct stream lines; /* N */
    struct stream mail[STORE_SHARDS];
    unsigned shards;
};

static void tail_read(struct tail *t);

static void lost(struct tail *t, const char *why)
{
    if (t->state == TAIL_LOST)
        return;
    t->state = TAIL_LOST;
    t->config.on_lost(t->config.arg, why);
}

static void tell_line(struct tail *t, const struct journal_line *line)
{
    t->config.on_line(t->config.arg, line);
    t->told = line->n;
    span_copy(span_of(line->id), t->lines.last, sizeof(t->lines.last));
}

/* --- direct mail
 * --------------------------------------------------------------------------------------- */

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

static struct stream *stream_named(struct tail *t, struct span name)
{
    for (unsigned i = 0; i < t->shards; i++)
        if (span_eq_str(name, t->mail[i].name))
            return &t->mail[i];
    return NULL;
}

/* --- following
 * ------------------------------------------------------------------------------------------ */

/* Lines are told only up to where direct mail was read whole: an Accept goes before what follows
 * it. */
static uint64_t mail_limit(struct tail *t, const struct redis_reply *streams)
{
    uint64_t limit = UINT64_MAX;
    for (size_t i = 0; i < reply_len(streams); i++) {
        const struct redis_reply *entries = reply_at(reply_at(streams, i), 1);
        size_t n = reply_len(entries);
        if (n < STORE_PAGE || !stream_named(t, reply_text(reply_at(reply_at(streams, i), 0))))
            continue;
        uint64_t last = id_number(reply_text(reply_at(reply_at(entries, n - 1), 0)));
        limit = last < limit ? last : limit;
    }
    return limit;
}

static void tell_lines(struct tail *t, const struct redis_reply *entries, uint64_t limit)
{
    for (size_t i = 0; i < reply_len(entries); i++) {
        struct journal_line line;
        struct entry *entry;
        if (!line_read(reply_at(entries, i), &line, &entry))
            continue;
        bool wait = line.n > limit;
        if (!wait)
            tell_line(t, &line);
        entry_unref(&entry);
        if (wait)
            return;
    }
}

static void on_streams(void *arg, enum err err, const struct redis_reply *reply)
{
    struct tail *t = arg;
    if (t->state == TAIL_LOST)
        return;
    if (err != ERR_OK) {
        lost(t, err == ERR_REDIS ? "no connection to Redis" : "Redis refuses to read the journal");
        return;
    }
    uint64_t limit = mail_limit(t, reply);
    size_t mail = 0;
    for (size_t i = 0; i < reply_len(reply); i++) {
        const struct redis_reply *entries = reply_at(reply_at(reply, i), 1);
        struct stream *stream = stream_named(t, reply_text(reply_at(reply_at(reply, i), 0)));
        for (size_t e = 0; stream && e < reply_len(entries); e++, mail++)
            tell_mail(t, stream, reply_at(entries, e));
    }
    for (size_t i = 0; i < reply_len(reply); i++)
        if (span_eq_str(reply_text(reply_at(reply_at(reply, i), 0)), t->lines.name))
            tell_lines(t, reply_at(reply_at(reply, i), 1), limit);
    if (t->state == TAIL_MAIL && mail == 0)
        t->state = TAIL_PAGES;
    t->config.on_batch(t->config.arg);
    tail_read(t);
}

static void read_streams(struct tail *t, bool lines)
{
    struct span words[8 + 2 * (STORE_SHARDS + 1)];
    char block[16];
    size_t n = 0;
    snprintf(block, sizeof(block), "%d", BLOCK_MS);
    words[n++] = SPAN("XREAD");
    words[n++] = SPAN("COUNT");
    words[n++] = SPAN("256");
    if (lines) {
        words[n++] = SPAN("BLOCK");
        words[n++] = span_of(block);
    }
    words[n++] = SPAN("STREAMS");
    if (lines)
        words[n++] = span_of(t->lines.name);
    for (unsigned i = 0; i < t->shards; i++)
        words[n++] = span_of(t->mail[i].name);
    if (lines)
        words[n++] = span_of(t->lines.last);
    for (unsigned i = 0; i < t->shards; i++)
        words[n++] = span_of(t->mail[i].last);
    redis_call(t->redis, words, n, lines ? BLOCK_MS : 0, on_streams, t);
}

/* --- pages up to now
 * -------------------------------------------------------------------------------------- */

static void on_pages(void *arg, const struct journal_page *page)
{
    struct page_ask *ask = arg;
    struct tail *t = ask->tail;
    free(ask);
    if (!t)
        return;
    t->ask = NULL;
    if (t->state == TAIL_LOST)
        return;
    if (page->err != ERR_OK) {
        lost(t, "the journal can't be read");
        return;
    }
    /* What was trimmed is nobody's any more: destinations find the floor above them. */
    if (page->floor > t->told)
        t->told = page->floor;
    for (size_t i = 0; i < page->lines_n; i++)
        tell_line(t, &page->lines[i]);
    if (page->lines_n < STORE_PAGE)
        t->state = TAIL_FOLLOW;
    t->config.on_batch(t->config.arg);
    tail_read(t);
}

static void tail_read(struct tail *t)
{
    switch (t->state) {
    case TAIL_MAIL: read_streams(t, false); break;
    case TAIL_PAGES:
        t->ask = mem_new(sizeof(*t->ask));
        t->ask->tail = t;
        journal_page(t->config.store, t->told, STORE_PAGE, on_pages, t->ask);
        break;
    case TAIL_FOLLOW: read_streams(t, true); break;
    case TAIL_CONNECT:
    case TAIL_LOST: break;
    }
}

static void on_state(void *arg, bool up)
{
    struct tail *t = arg;
    if (up && t->state == TAIL_CONNECT) {
        t->state = TAIL_MAIL;
        tail_read(t);
    } else if (!up && t->state != TAIL_CONNECT) {
        lost(t, "no connection to Redis");
    }
}

enum err tail_new(struct loop *loop, const struct tail_config *config, struct tail **ret)
{
    struct tail *t = mem_new(sizeof(*t));
    t->config = *config;
    t->told = config->after;
    t->shards = store_shards(config->store);
    snprintf(t->lines.name, sizeof(t->lines.name), KEY("N"));
    snprintf(t->lines.last, sizeof(t->lines.last), "%s-%" PRIu64, store_epoch_text(config->store),
             t->told);
    for (unsigned i = 0; i < t->shards; i++) {
        snprintf(t->mail[i].name, sizeof(t->mail[i].name), KEY("direct:%u"), i);
        snprintf(t->mail[i].last, sizeof(t->mail[i].last), "0-0");
    }
    struct redis_config redis = {
        .url = config->url, .command_ms = config->command_ms, .on_state = on_state, .arg = t};
    enum err e = redis_new(loop, &redis, &t->redis);
    if (e != ERR_OK) {
        free(t);
        return e;
    }
    *ret = t;
    return ERR_OK;
}

void tail_free(struct tail **tail)
{
    struct tail *t = *tail;
    *tail = NULL;
    if (!t)
        return;
    t->state = TAIL_LOST;
    redis_free(&t->redis);
    if (t->ask)
        t->ask->tail = NULL;
    free(t);
}
