/* fake_store_authors: the registry of authors of the fake store, and what it means for the journal:
 * the line of who opts out, and the marks that it puts on what still waits.
 * May not know: which machine asks, or why. */
#include "relay/store/authors.h"

#include <stdlib.h>
#include <string.h>

#include "tests/scenario/fake_store_inner.h"

const char *author_way_name(enum author_way way)
{
    static const char *const names[] = {
#define X(name, word) word,
        AUTHOR_WAYS(X)
#undef X
    };
    return names[way];
}

static struct fake_author *author_of(const struct store *s, struct span actor)
{
    for (size_t i = 0; i < s->authors_n; i++)
        if (span_eq_str(actor, s->authors[i].actor))
            return &s->authors[i];
    return NULL;
}

enum fact_said fake_author_says(const struct store *s, struct span actor)
{
    const struct fake_author *known = author_of(s, actor);
    return known ? known->says : FACT_UNKNOWN;
}

size_t fake_authors(const struct store *s, const struct fake_author **ret)
{
    *ret = s->authors;
    return s->authors_n;
}

uint64_t fake_author_number(const uint8_t *hash)
{
    uint64_t number = 0;
    for (size_t i = 0; hash && i < sizeof(number); i++)
        number = number << 8 | hash[i];
    return number & INT64_MAX;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct words_call {
    struct call call;
    char actors[AUTHORS_ASKED_MAX][ACTIVITY_ID_MAX + 1];
    size_t n;
    enum fact_said says[AUTHORS_ASKED_MAX];
    authors_words_cb cb;
    void *arg;
};

static void work_words(struct call *call)
{
    struct words_call *c = (struct words_call *)call;
    for (size_t i = 0; i < c->n; i++)
        c->says[i] = fake_author_says(call->store, span_of(c->actors[i]));
}

static void answer_words(struct call *call, enum err err)
{
    struct words_call *c = (struct words_call *)call;
    c->cb(c->arg, err, c->says);
}

void authors_words(struct store *store, const struct author_said *authors, size_t n,
                   authors_words_cb cb, void *arg)
{
    struct words_call *c = mem_new(sizeof(*c));
    for (c->n = 0; c->n < n && c->n < AUTHORS_ASKED_MAX; c->n++)
        span_copy(authors[c->n].actor, c->actors[c->n], sizeof(c->actors[0]));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_WORDS, &c->call, work_words, answer_words);
}

/* --- changing --------------------------------------------------------------------------------- */

struct change_call {
    struct call call;
    struct authors_change change; /* its list has one */
    char actor[ACTIVITY_ID_MAX + 1], by[AUTHORS_BY_MAX];
    uint64_t number;
    struct authors_changed answer;
    authors_changed_cb cb;
    void *arg;
};

static void opts_out(struct store *s, const struct change_call *c)
{
    struct fake_line *line = fake_line_add(s, LANE_URGENT, JOURNAL_ENTRY);
    const struct entry e = {.n = line->line.n,
                            .lane = LANE_URGENT,
                            .at_ms = c->change.now_ms,
                            .actor = c->number,
                            .opts_out = true};
    const struct entry_mark mark = {.by = e.n, .opted_out = true};
    fake_line_take(line, &e, SPAN_NONE);
    for (size_t i = 0; i + 1 < s->lines_n; i++) {
        struct entry *earlier = s->lines[i].line.entry;
        if (earlier && earlier->actor == c->number)
            entry_mark_add(earlier, &mark);
    }
    fake_tails_wake(s);
}

static void forget(struct store *s, struct fake_author *known)
{
    *known = s->authors[--s->authors_n];
}

static void write(struct store *s, const struct change_call *c, struct fake_author *known)
{
    if (!known) {
        s->authors = mem_grow(s->authors, (s->authors_n + 1) * sizeof(*s->authors));
        known = &s->authors[s->authors_n++];
    }
    *known = (struct fake_author){.says = c->change.word,
                                  .way = author_way_name(c->change.way),
                                  .said_ms = c->change.said_ms};
    span_copy(span_of(c->actor), known->actor, sizeof(known->actor));
    if (c->change.word == FACT_NO)
        opts_out(s, c);
}

static void work_change(struct call *call)
{
    struct change_call *c = (struct change_call *)call;
    struct store *s = call->store;
    struct fake_author *known = author_of(s, span_of(c->actor));
    bool forgets = c->change.word == FACT_UNKNOWN;
    bool its = known && strcmp(known->way, author_way_name(c->change.way)) == 0;
    bool may = c->change.keep == AUTHORS_KEEP_NONE ||
               (c->change.keep == AUTHORS_KEEP_NO ? !known || known->says != FACT_NO : its);
    bool old = known && !forgets &&
               (known->said_ms > c->change.said_ms ||
                (known->said_ms == c->change.said_ms && known->says == FACT_NO));
    if (forgets && known && may)
        forget(s, known);
    else if (!forgets && may && !old && !(known && known->says == c->change.word))
        write(s, c, known);
    c->answer.says = fake_author_says(s, span_of(c->actor));
}

static void answer_change(struct call *call, enum err err)
{
    struct change_call *c = (struct change_call *)call;
    c->answer.err = err;
    c->cb(c->arg, &c->answer);
}

void authors_change(struct store *store, const struct authors_change *change, authors_changed_cb cb,
                    void *arg)
{
    struct change_call *c = mem_new(sizeof(*c));
    c->change = *change;
    c->number = fake_author_number(change->list[0].hash);
    span_copy(change->list[0].actor, c->actor, sizeof(c->actor));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_AUTHORS, &c->call, work_change, answer_change);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct read_call {
    struct call call;
    authors_page_cb cb;
    void *arg;
};

static void work_read(struct call *call)
{
    (void)call;
}

static void answer_read(struct call *call, enum err err)
{
    struct read_call *c = (struct read_call *)call;
    const struct authors_page page = {.err = err};
    c->cb(c->arg, &page);
}

void authors_read(struct store *store, const struct authors_ask *ask, authors_page_cb cb, void *arg)
{
    struct read_call *c = mem_new(sizeof(*c));
    (void)ask; /* the model shows its registry to tests alone */
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_AUTHORS, &c->call, work_read, answer_read);
}
