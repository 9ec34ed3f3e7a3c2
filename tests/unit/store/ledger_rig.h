/* ledger_rig: cursors and records as a test writes them, and the book that is read of them. */
#pragma once

#include "tests/unit/store/journal_rig.h"

#include "relay/store/ledger.h"

/* Of a.example and b.example. */
static unsigned shard_a, shard_b;

/* Words are parted by blanks, so that a member which holds some is put together by a script. */
MAYBE static void zadd(struct rig *rig, const char *kind, unsigned shard, int score,
                       const char *member)
{
    const char *answer = ask(rig,
                             "EVAL return(redis.call('ZADD','{weir}:%s:%u',%d,"
                             "table.concat(ARGV,'\\32'))) 0 %s",
                             kind, shard, score, member);
    assert_string_equal(answer, "1");
}

/* The same for a cursor. */
MAYBE static void hset(struct rig *rig, unsigned shard, const char *host, const char *record)
{
    ask(rig,
        "EVAL return(redis.call('HSET','{weir}:own:%u',KEYS[1],table.concat(ARGV,'\\32'))) 1 %s %s",
        shard, host, record);
}

struct read {
    struct rig *rig;
    int calls;
    enum err err;
    struct book *book;
};

MAYBE static void on_read(void *arg, enum err err, struct book *book)
{
    struct read *read = arg;
    read->calls++;
    read->err = err;
    read->book = book;
    loop_stop(read->rig->loop);
}

/* The caller gives the book back. */
MAYBE static struct book *read_book(struct rig *rig, const struct ledger_ask *what,
                                    enum err *ret_err)
{
    struct read read = {.rig = rig};
    ledger_read(rig->store, what, on_read, &read);
    assert_int_equal(read.calls, 0);
    rig_await(rig, &read.calls, 1);
    *ret_err = read.err;
    return read.book;
}

/* What waits and what failed, of three hosts. */
MAYBE static void fill(struct rig *rig)
{
    shard_a = shard_of(SPAN("a.example"), STORE_SHARDS);
    shard_b = shard_of(SPAN("b.example"), STORE_SHARDS);
    assert_int_not_equal(shard_a, shard_b);
    ask(rig, "HSET {weir}:log last 40 floor 3 floorU 2");
    ask(rig, "HSET {weir}:shard:%u low 38", shard_a);
    zadd(rig, "fail", shard_a, 5, "5 a.example 0 - too-old 0 77 3 gone for good");
    zadd(rig, "fail", shard_a, 9, "9 a.example 1 d too-old 0 77 3 x");
    zadd(rig, "fail", shard_a, 9, "9 c.example 0 - too-old 0 77 3 x");
    zadd(rig, "late", shard_a, 9, "9 a.example 0 2 77");
    zadd(rig, "skip", shard_a, 10, "10 a.example no-right 77 8");
    zadd(rig, "cut", shard_a, 12, "8 12 a.example gap 77 8");
    zadd(rig, "fail", shard_b, 9, "9 b.example 0 - too-old 0 77 3 x");
    zadd(rig, "dropped", shard_a, 9, "9 a.example 1");
}
