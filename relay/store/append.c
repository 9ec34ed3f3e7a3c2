/* append: one script call for an accepted activity, or for an operator's recall of an object.
 * May not know: who decides, who delivers. */
#include <stdio.h>
#include <stdlib.h>

#include "common/pure/encode.h"
#include "relay/rules/freeze.h"
#include "relay/store/journal.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

enum { BUCKETS = 4096, HEX_MAX = 64 };

unsigned seen_bucket(const uint8_t *hash)
{
    return hash ? ((unsigned)hash[30] << 8 | hash[31]) % BUCKETS : 0;
}

static struct span hash_part(const uint8_t *hash, size_t n)
{
    return hash ? (struct span){(const char *)hash, n} : SPAN("");
}

static void add_hex(struct words *a, const uint8_t *hash, size_t n)
{
    struct bytes text;
    bytes_init(&text, HEX_MAX);
    hex_write(&text, hash_part(hash, n));
    words_add(a, bytes_span(&text));
    bytes_fini(&text);
}

/* Who it is of, by what the registry said of them it was decided, and the second one's number. */
static void add_authors(struct words *a, const struct journal_append *p)
{
    char words[AUTHORS_ASKED_MAX + 1] = "";
    for (size_t i = 0; i < p->authors_n; i++)
        words[i] = author_letter(p->authors[i].says);
    authors_add(a, p->authors, p->authors_n);
    words_add_str(a, words);
    words_add_int(a, p->authors_n > 1 ? (int64_t)author_number(p->authors[1].hash) : 0);
}

/* The words in the order of append.lua. kind: its letter; recall: NULL if it is none. */
static void call_append(struct store *store, const char *kind, const struct journal_append *p,
                        const struct journal_recall *recall, redis_cb cb, void *arg)
{
    struct words a = {0};
    char again_bucket[16];
    snprintf(again_bucket, sizeof(again_bucket), "a%u", seen_bucket(p->again_hash));
    words_add_str(&a, store_epoch_text(store));
    words_add(&a, p->from);
    words_add_int(&a, (int64_t)p->ver);
    words_add_str(&a, p->freezes ? p->freezes : "");
    words_add_int(&a, p->now_ms);
    words_add_str(&a, kind);
    words_add_int(&a, p->now_ms / SEEN_WEEK_MS);
    words_add_int(&a, seen_bucket(p->id_hash));
    words_add(&a, hash_part(p->id_hash, SEEN_BYTES));
    add_hex(&a, p->what_hash, 4);
    add_hex(&a, p->object_hash, 16);
    words_add(&a, p->owner);
    words_add_int(&a, p->stamp_ms);
    words_add(&a, p->audience);
    words_add(&a, p->zone);
    words_add_str(&a, again_bucket);
    words_add(&a, hash_part(p->again_hash, SEEN_BYTES));
    add_hex(&a, p->again_hash ? p->id_hash : NULL, 16);
    words_add_str(&a, p->facts.has_proof ? "1" : "0");
    words_add_int(&a, p->facts.type);
    words_add_int(&a, p->facts.undone);
    words_add(&a, p->id);
    words_add(&a, p->object);
    words_add(&a, p->object_host);
    add_hex(&a, p->kind == JOURNAL_ANNOUNCE ? p->again_hash : NULL, 16);
    words_add_int(&a, (int64_t)author_number(p->actor_hash));
    words_add_str(&a, p->gone ? "1" : "0");
    add_authors(&a, p);
    words_add(&a, recall ? recall->reason : SPAN(""));
    words_add(&a, recall ? recall->note : SPAN(""));
    words_add(&a, p->hold.zones);
    words_add(&a, p->hold.why);
    words_add(&a, p->hold.known);
    words_add(&a, p->hold.fetched);
    words_add(&a, p->hold.actor);
    words_add(&a, p->hold.type);
    words_add_int(&a, p->hold.items_max);
    words_add_int(&a, p->hold.bytes_max);
    words_add(&a, p->body);
    store_promise(store, &a, &script_append, cb, arg);
}

/* --- what was accepted ------------------------------------------------------------------------ */

struct append_call {
    struct store *store;
    journal_appended_cb cb;
    void *arg;
};

static const struct {
    const char *word;
    enum journal_result result;
} results[] = {
    {"OK", JOURNAL_APPENDED},        {"DUP", JOURNAL_DUPLICATE},      {"REUSED", JOURNAL_REUSED},
    {"STALE", JOURNAL_STALE},        {"NOTOWNER", JOURNAL_NOT_OWNER}, {"NOBODY", JOURNAL_NOBODY},
    {"FULL", JOURNAL_FULL},          {"AGAIN", JOURNAL_AGAIN},        {"HELD", JOURNAL_HELD},
    {"HELDFULL", JOURNAL_HOLD_FULL},
};

/* What to decide by the next time. */
static void take_again(const struct redis_reply *reply, struct freezes *freezes,
                       struct journal_appended *answer)
{
    enum { MEMBER = 1, VERSION, LIST, WORDS };
    answer->member = reply_text(reply_at(reply, MEMBER));
    authors_words_read(reply_text(reply_at(reply, WORDS)), answer->authors);
    if (freezes_take(reply_at(reply, VERSION), reply_at(reply, LIST), freezes))
        answer->freezes = freezes;
}

static void on_appended(void *arg, enum err err, const struct redis_reply *reply)
{
    struct append_call *call = arg;
    struct freezes *freezes = NULL;
    struct journal_appended answer = {.err = err == ERR_OK ? ERR_REDIS_REPLY : err};
    for (size_t i = 0; err == ERR_OK && i < sizeof(results) / sizeof(*results); i++) {
        if (!answer_is(reply, results[i].word))
            continue;
        answer.err = ERR_OK;
        answer.result = results[i].result;
        answer.n = answer.result == JOURNAL_AGAIN ? 0 : answer_number(reply, 1);
        answer.held = answer_number(reply, 3);
    }
    if (answer.err == ERR_OK && answer.result == JOURNAL_AGAIN) {
        freezes = mem_new(sizeof(*freezes));
        take_again(reply, freezes, &answer);
    }
    store_saw(call->store, answer.held > answer.n ? answer.held : answer.n);
    call->cb(call->arg, &answer);
    free(freezes);
    free(call);
}

void journal_append(struct store *store, const struct journal_append *append,
                    journal_appended_cb cb, void *arg)
{
    static const char *const kinds[] = {"C", "U", "D", "A", "O"};
    struct append_call *call = mem_new(sizeof(*call));
    *call = (struct append_call){store, cb, arg};
    call_append(store, kinds[append->kind], append, NULL, on_appended, call);
}

/* --- what is recalled ------------------------------------------------------------------------- */

struct recall_call {
    struct store *store;
    journal_recalled_cb cb;
    void *arg;
};

static void on_recalled(void *arg, enum err err, const struct redis_reply *reply)
{
    struct recall_call *call = arg;
    struct journal_recalled answer = {.err = err};
    const struct redis_reply *of = reply_at(reply, 2);
    if (err == ERR_OK && !answer_is(reply, "OK")) {
        bool gone = answer_is(reply, "DUP");
        answer.err = gone                        ? ERR_OBJECT_GONE
                     : answer_is(reply, "NONE")  ? ERR_NOT_KNOWN
                     : answer_is(reply, "WRONG") ? ERR_UNREADABLE
                                                 : ERR_REDIS_REPLY;
    }
    if (answer.err == ERR_OK) {
        answer.n = answer_number(reply, 1);
        while (answer.of_n < ENTRY_OF_MAX && answer.of_n < reply_len(of)) {
            answer.of[answer.of_n] = (uint64_t)reply_int(reply_at(of, answer.of_n));
            answer.of_n++;
        }
    }
    store_saw(call->store, answer.n);
    call->cb(call->arg, &answer);
    free(call);
}

void journal_recall(struct store *store, const struct journal_recall *recall,
                    journal_recalled_cb cb, void *arg)
{
    struct recall_call *call = mem_new(sizeof(*call));
    struct journal_append append = {
        .kind = JOURNAL_DELETE,
        .from = SPAN(""),
        .now_ms = recall->now_ms,
        .object_hash = recall->object_hash,
        .owner = SPAN(""),
        .audience = SPAN(""),
        .zone = SPAN(""),
        .facts = {.type = ACTIVITY_UNDO, .undone = ACTIVITY_ANNOUNCE},
        .id = SPAN(""),
        .object = recall->object,
        .object_host = recall->object_host,
        .body = SPAN(""),
    };
    *call = (struct recall_call){store, cb, arg};
    call_append(store, "R", &append, recall, on_recalled, call);
}
