/* authors: the registry of authors is asked, changed and read.
 * May not know: what a no means for an activity (rules/consent.c). */
#include "relay/store/authors.h"

#include <stdlib.h>

#include "common/pure/uri.h"
#include "relay/store/scripts.h"
#include "relay/store/store_inner.h"

const char *author_way_name(enum author_way way)
{
    static const char *const names[] = {
#define X(name, word) word,
        AUTHOR_WAYS(X)
#undef X
    };
    return names[way];
}

/* Part of it, as a number that Redis and Lua leave as it is: they only compare its text. */
uint64_t author_number(const uint8_t *hash)
{
    uint64_t number = 0;
    for (size_t i = 0; hash && i < sizeof(number); i++)
        number = number << 8 | hash[i];
    return number & INT64_MAX;
}

char author_letter(enum fact_said says)
{
    return says == FACT_YES ? 'y' : says == FACT_NO ? 'n' : '-';
}

static enum fact_said by_letter(char c)
{
    return c == 'y' ? FACT_YES : c == 'n' ? FACT_NO : FACT_UNKNOWN;
}

void authors_words_read(struct span words, enum fact_said ret[AUTHORS_ASKED_MAX])
{
    for (size_t i = 0; i < AUTHORS_ASKED_MAX; i++)
        ret[i] = i < words.n ? by_letter(words.p[i]) : FACT_UNKNOWN;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct words_ask {
    authors_words_cb cb;
    void *arg;
};

static void on_words(void *arg, enum err err, const struct redis_reply *reply)
{
    struct words_ask *call = arg;
    enum fact_said says[AUTHORS_ASKED_MAX];
    if (err == ERR_OK && reply_kind(reply) != REDIS_TEXT)
        err = ERR_REDIS_REPLY;
    authors_words_read(err == ERR_OK ? reply_text(reply) : SPAN_NONE, says);
    call->cb(call->arg, err, says);
    free(call);
}

void authors_add(struct words *a, const struct author_said *authors, size_t n)
{
    struct bytes actors;
    bytes_init(&actors, AUTHORS_ASKED_MAX * (URI_MAX + 2));
    for (size_t i = 0; i < n && i < AUTHORS_ASKED_MAX; i++)
        bytes_addf(&actors, "%s%.*s", i ? " " : "", SPAN_ARG(authors[i].actor));
    words_add(a, bytes_span(&actors));
    bytes_fini(&actors);
}

void authors_words(struct store *store, const struct author_said *authors, size_t n,
                   authors_words_cb cb, void *arg)
{
    struct words_ask *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct words_ask){cb, arg};
    authors_add(&a, authors, n);
    store_script(store, &a, &script_authorwords, on_words, call);
}

/* --- changing --------------------------------------------------------------------------------- */

struct change_call {
    authors_changed_cb cb;
    void *arg;
};

static void on_changed(void *arg, enum err err, const struct redis_reply *reply)
{
    struct change_call *call = arg;
    struct authors_changed answer = {.err = err};
    enum fact_said says[AUTHORS_ASKED_MAX];
    if (err == ERR_OK && !answer_is(reply, "OK"))
        answer.err = answer_is(reply, "FULL")    ? ERR_TOO_LARGE
                     : answer_is(reply, "WRONG") ? ERR_UNREADABLE
                                                 : ERR_REDIS_REPLY;
    if (answer.err == ERR_OK) {
        answer.changed = (size_t)answer_number(reply, 1);
        authors_words_read(reply_text(reply_at(reply, 2)), says);
        answer.says = says[0];
    }
    call->cb(call->arg, &answer);
    free(call);
}

/* `https://a.example/`: what its id begins with, as it is written. */
static struct span origin_of(struct span actor)
{
    ptrdiff_t scheme = span_find(actor, '/');
    size_t at = scheme < 0 ? actor.n : (size_t)scheme + 2;
    if (at >= actor.n)
        return actor;
    ptrdiff_t slash = span_find((struct span){actor.p + at, actor.n - at}, '/');
    return slash < 0 ? actor : (struct span){actor.p, at + (size_t)slash + 1};
}

static void add_by(struct words *a, const struct authors_change *change)
{
    char by[AUTHORS_BY_MAX];
    struct span text = change->by;
    text.n = text.n < sizeof(by) ? text.n : sizeof(by) - 1;
    span_copy(text, by, sizeof(by));
    words_add_str(a, by);
}

void authors_change(struct store *store, const struct authors_change *change, authors_changed_cb cb,
                    void *arg)
{
    static const char *const words[] = {"-", "n", "y"};
    struct change_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct change_call){cb, arg};
    words_add_str(&a, store_epoch_text(store));
    words_add_int(&a, change->now_ms);
    words_add_str(&a, words[change->word]);
    words_add_str(&a, author_way_name(change->way));
    add_by(&a, change);
    words_add_int(&a, change->said_ms < change->now_ms ? change->said_ms : change->now_ms);
    words_add_str(&a, change->keep == AUTHORS_KEEP_NO       ? "no"
                      : change->keep == AUTHORS_KEEP_OTHERS ? author_way_name(change->way)
                                                            : "");
    words_add_int(&a, change->most);
    words_add(&a, change->note);
    for (size_t i = 0; i < change->n && i < AUTHORS_CHANGE_MAX; i++) {
        words_add(&a, change->list[i].actor);
        words_add(&a, origin_of(change->list[i].actor));
        words_add_int(&a, (int64_t)author_number(change->list[i].hash));
    }
    store_promise(store, &a, &script_consent, on_changed, call);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct read_call {
    authors_page_cb cb;
    void *arg;
};

static void take_author(const struct redis_reply *reply, size_t at, struct author_known *ret)
{
    enum { ACTOR, WORD, HOW, AT, SAID, BY };
    struct span word = reply_text(reply_at(reply, at + WORD));
    *ret = (struct author_known){.actor = reply_text(reply_at(reply, at + ACTOR)),
                                 .says = by_letter(word.n ? word.p[0] : '-'),
                                 .way = reply_text(reply_at(reply, at + HOW)),
                                 .at_ms = reply_int(reply_at(reply, at + AT)),
                                 .said_ms = reply_int(reply_at(reply, at + SAID)),
                                 .by = reply_text(reply_at(reply, at + BY))};
}

static void on_page(void *arg, enum err err, const struct redis_reply *reply)
{
    enum { FIRST = 1, WORDS = 6 };
    struct read_call *call = arg;
    struct authors_page page = {.err = err};
    struct author_known *list = NULL;
    if (err == ERR_OK && !answer_is(reply, "OK"))
        page.err = answer_is(reply, "WRONG") ? ERR_UNREADABLE : ERR_REDIS_REPLY;
    if (page.err == ERR_OK) {
        list = mem_new((reply_len(reply) / WORDS + 1) * sizeof(*list));
        for (size_t i = FIRST; i + WORDS <= reply_len(reply); i += WORDS)
            take_author(reply, i, &list[page.n++]);
    }
    page.list = list;
    call->cb(call->arg, &page);
    free(list);
    free(call);
}

void authors_read(struct store *store, const struct authors_ask *ask, authors_page_cb cb, void *arg)
{
    struct read_call *call = mem_new(sizeof(*call));
    struct words a = {0};
    *call = (struct read_call){cb, arg};
    words_add(&a, ask->after);
    words_add_int(&a, (int64_t)(ask->most < AUTHORS_PAGE_MAX ? ask->most : AUTHORS_PAGE_MAX));
    words_add(&a, ask->origin);
    words_add(&a, ask->only);
    store_script(store, &a, &script_authors, on_page, call);
}
