/* journal: pages and bodies for those who read, and the step that trims them.
 * May not know: who decides, who delivers. */
#include "relay/store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pure/encode.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

/* --- pages
 * ------------------------------------------------------------------------------------------------
 */

struct page_call {
    struct store *store;
    journal_page_cb cb;
    void *arg;
};

static void on_page(void *arg, enum err err, const struct redis_reply *reply)
{
    struct page_call *call = arg;
    struct journal_page page = {.err = err};
    const struct redis_reply *entries = reply_at(reply, 3);
    const struct redis_reply *marks = reply_at(reply, 4);
    size_t n = err == ERR_OK ? reply_len(entries) : 0;
    struct journal_line *lines = mem_new(n * sizeof(*lines));
    for (; page.lines_n < n; page.lines_n++) {
        struct entry *entry;
        const struct redis_reply *line = reply_at(entries, page.lines_n);
        if (!line_read(line, &lines[page.lines_n], &entry) ||
            (entry && !marks_read(reply_text(reply_at(marks, page.lines_n)), entry))) {
            /* What can't be read can't be passed either. */
            entry_unref(&entry);
            page.err = ERR_REDIS_REPLY;
            break;
        }
    }
    page.n = err == ERR_OK ? answer_number(reply, 0) : 0;
    for (unsigned lane = 0; err == ERR_OK && lane < LANE_COUNT; lane++)
        page.floor[lane] = answer_number(reply, 1 + lane);
    page.lines = lines;
    store_saw(call->store, page.n);
    call->cb(call->arg, &page);
    for (size_t i = 0; i < page.lines_n; i++)
        entry_unref(&lines[i].entry);
    free(lines);
    free(call);
}

void journal_page(struct store *store, enum lane lane, uint64_t after, size_t count,
                  journal_page_cb cb, void *arg)
{
    static const char *const lanes[] = {
        [LANE_NORMAL] = "N", [LANE_URGENT] = "U", [LANE_BOTH] = "NU"};
    struct page_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct page_call){store, cb, arg};
    words_add_str(&a, lanes[lane]);
    words_add_int(&a, (int64_t)after);
    words_add_int(&a, (int64_t)count);
    store_script(store, &a, &script_page, on_page, call);
}

/* --- bodies
 * -----------------------------------------------------------------------------------------------
 */

struct body_call {
    journal_body_cb cb;
    void *arg;
};

static void on_body(void *arg, enum err err, const struct redis_reply *reply)
{
    struct body_call *call = arg;
    /* What is no text is no body: that one is gone, others go on. */
    if (err == ERR_REDIS_REPLY && trouble_of_answer(reply_text(reply)) == TROUBLE_TYPE)
        err = ERR_OK;
    call->cb(call->arg, err, reply_kind(reply) == REDIS_TEXT ? reply_text(reply) : SPAN_NONE);
    free(call);
}

void journal_body(struct store *store, uint64_t n, journal_body_cb cb, void *arg)
{
    struct body_call *call = mem_new(sizeof(*call));
    char key[48];
    *call = (struct body_call){cb, arg};
    snprintf(key, sizeof(key), KEY("body:%" PRIu64), n);
    struct span words[] = {SPAN("GET"), span_of(key)};
    store_call(store, words, 2, on_body, call);
}

/* --- trimming
 * ---------------------------------------------------------------------------------------------- */

struct where_call {
    journal_where_cb cb;
    void *arg;
};

static void on_where(void *arg, enum err err, const struct redis_reply *reply)
{
    struct where_call *call = arg;
    if (err == ERR_OK && reply_len(reply) != 2)
        err = ERR_REDIS_REPLY;
    bool ok = err == ERR_OK;
    call->cb(call->arg, err, ok ? reply_text(reply_at(reply, 0)) : SPAN_NONE,
             ok ? reply_text(reply_at(reply, 1)) : SPAN_NONE);
    free(call);
}

void journal_where(struct store *store, const uint8_t *object_hash, journal_where_cb cb, void *arg)
{
    struct where_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes object;
    *call = (struct where_call){cb, arg};
    bytes_init(&object, 64);
    hex_write(&object, (struct span){(const char *)object_hash, 16});
    words_add(&a, bytes_span(&object));
    store_script(store, &a, &script_where, on_where, call);
    bytes_fini(&object);
}

struct trim_call {
    journal_trimmed_cb cb;
    void *arg;
};

static void on_trimmed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct trim_call *call = arg;
    struct journal_trimmed t = {.err = err};
    if (err == ERR_OK && answer_is(reply, "WRONG")) {
        t.err = ERR_UNREADABLE;
        t.stopped = 1;
        t.stopped_key = reply_text(reply_at(reply, 1));
    } else if (err == ERR_OK && !answer_is(reply, "OK")) {
        t.err = ERR_REDIS_REPLY;
    }
    if (t.err == ERR_OK) {
        t.more = answer_number(reply, 1) != 0;
        t.redis_ms = (int64_t)answer_number(reply, 2);
        t.before_ms = (int64_t)answer_number(reply, 3);
        t.used = answer_number(reply, 4);
        t.limit = answer_number(reply, 5);
        for (unsigned lane = 0; lane < LANE_COUNT; lane++)
            t.floor[lane] = answer_number(reply, 6 + lane);
        t.body_floor = answer_number(reply, 8);
        t.entries = answer_number(reply, 9);
        t.bodies = answer_number(reply, 10);
        t.urgent = answer_number(reply, 11);
        t.objects = answer_number(reply, 12);
        t.stopped = answer_number(reply, 13);
        t.stopped_key = reply_text(reply_at(reply, 14));
    }
    call->cb(call->arg, &t);
    free(call);
}

void journal_trim(struct store *store, const struct journal_trim *trim, journal_trimmed_cb cb,
                  void *arg)
{
    struct trim_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct trim_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, trim->now_ms);
    words_add_int(&a, trim->entries_ms);
    words_add_int(&a, trim->bodies_ms);
    words_add_int(&a, trim->urgent_ms);
    words_add_int(&a, trim->bytes);
    words_add_int(&a, trim->new_ms);
    words_add_int(&a, trim->object_days);
    words_add_int(&a, STORE_PAGE);
    store_script(store, &a, &script_trim, on_trimmed, call);
}
