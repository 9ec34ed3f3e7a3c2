/* journal: one script call for an accepted activity; pages and bodies for those who read.
 * May not know: who decides, who delivers. */
#include "relay/store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pure/encode.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { BUCKETS = 4096, BODIES_AT_ONCE = 1000 };

/* --- append
 * --------------------------------------------------------------------------------------------- */

struct append_call {
    struct store *store;
    journal_appended_cb cb;
    void *arg;
};

static const struct {
    const char *word;
    enum journal_result result;
} results[] = {
    {"OK", JOURNAL_APPENDED}, {"DUP", JOURNAL_DUPLICATE},      {"REUSED", JOURNAL_REUSED},
    {"STALE", JOURNAL_STALE}, {"NOTOWNER", JOURNAL_NOT_OWNER}, {"NOBODY", JOURNAL_NOBODY},
    {"AGAIN", JOURNAL_AGAIN},
};

static void on_appended(void *arg, enum err err, const struct redis_reply *reply)
{
    struct append_call *call = arg;
    struct journal_appended answer = {.err = err == ERR_OK ? ERR_REDIS_REPLY : err};
    for (size_t i = 0; err == ERR_OK && i < sizeof(results) / sizeof(*results); i++) {
        if (!answer_is(reply, results[i].word))
            continue;
        answer.err = ERR_OK;
        answer.result = results[i].result;
        answer.n = answer.result == JOURNAL_AGAIN ? 0 : answer_number(reply, 1);
        answer.member = answer.result == JOURNAL_AGAIN ? reply_text(reply_at(reply, 1)) : SPAN_NONE;
    }
    store_saw(call->store, answer.n);
    call->cb(call->arg, &answer);
    free(call);
}

static struct span hash_part(const uint8_t *hash, size_t n)
{
    return hash ? (struct span){(const char *)hash, n} : SPAN("");
}

unsigned seen_bucket(const uint8_t *hash)
{
    return hash ? ((unsigned)hash[30] << 8 | hash[31]) % BUCKETS : 0;
}

void journal_append(struct store *store, const struct journal_append *p, journal_appended_cb cb,
                    void *arg)
{
    static const char *const kinds[] = {"C", "U", "D", "A", "O"};
    struct append_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    struct bytes object;
    struct bytes announce;
    struct bytes about;
    struct bytes check;
    char again_bucket[16];
    *call = (struct append_call){store, cb, arg};
    bytes_init(&object, 64);
    bytes_init(&announce, 64);
    bytes_init(&about, 64);
    bytes_init(&check, 16);
    hex_write(&object, hash_part(p->object_hash, 16));
    hex_write(&announce, hash_part(p->id_hash, 16));
    if (p->kind == JOURNAL_ANNOUNCE)
        hex_write(&about, hash_part(p->again_hash, 16));
    hex_write(&check, hash_part(p->what_hash, 4));
    snprintf(again_bucket, sizeof(again_bucket), "a%u", seen_bucket(p->again_hash));

    words_add_str(&a, store_epoch_text(store));
    words_add(&a, p->from);
    words_add_int(&a, (int64_t)p->ver);
    words_add_int(&a, p->now_ms);
    words_add_str(&a, kinds[p->kind]);
    words_add_int(&a, p->now_ms / SEEN_WEEK_MS);
    words_add_int(&a, seen_bucket(p->id_hash));
    words_add(&a, hash_part(p->id_hash, SEEN_BYTES));
    words_add(&a, bytes_span(&check));
    words_add(&a, bytes_span(&object));
    words_add(&a, p->owner);
    words_add_int(&a, p->stamp_ms);
    words_add(&a, p->audience);
    words_add(&a, p->zone);
    words_add_str(&a, again_bucket);
    words_add(&a, hash_part(p->again_hash, SEEN_BYTES));
    words_add(&a, p->again_hash ? bytes_span(&announce) : SPAN(""));
    words_add_str(&a, p->facts.has_proof ? "1" : "0");
    words_add_int(&a, p->facts.type);
    words_add_int(&a, p->facts.undone);
    words_add(&a, p->id);
    words_add(&a, p->object);
    words_add(&a, p->object_host);
    words_add(&a, bytes_span(&about));
    words_add(&a, p->body);
    store_promise(store, &a, &script_append, on_appended, call);
    bytes_fini(&object);
    bytes_fini(&announce);
    bytes_fini(&about);
    bytes_fini(&check);
}

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

static void on_trimmed(void *arg, enum err err, const struct redis_reply *reply)
{
    /* What could not be trimmed now is trimmed next time. */
    (void)arg;
    (void)err;
    (void)reply;
}

void journal_trim(struct store *store, const char *keep, uint64_t bodies)
{
    struct words a = {0};
    words_add_str(&a, store_epoch_text(store));
    words_add_str(&a, keep);
    words_add_int(&a, (int64_t)bodies);
    words_add_int(&a, BODIES_AT_ONCE);
    store_script(store, &a, &script_trim, on_trimmed, NULL);
}
