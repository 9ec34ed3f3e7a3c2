/* tally: cells by name, and who was seen. A cell is found by its name alone; nothing is ever
 * subtracted. Owns its cells.
 * May not know: where they are written to, who reads them. */
#include "relay/rules/tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/date.h"
#include "common/pure/map.h"
#include "relay/rules/policy.h"

enum { DAY_MS = 86400000, SET_SIZE = 80, SLOTS = 4096, MONTH = TALLY_MONTH_SIZE - 1 };

struct cell {
    struct cell *next;
    uint64_t n;
    size_t name_n;
    char name[]; /* month, then field */
};

struct seen {
    char set[SET_SIZE];
    char digest[TALLY_DIGEST];
};

struct tally {
    struct map *cells;
    struct cell *first;
    struct seen seen[TALLY_SEEN_MAX];
    size_t seen_n;
    /* Who was told of already, as far as there is room: a place for each digest, and who comes
     * there next takes it over. Being told of twice does no harm. */
    struct seen told[SLOTS];
};

const char *tally_kind_name(enum tally_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        TALLY_KINDS(X)
#undef X
    };
    return names[kind];
}

static bool answers(const struct activity *a)
{
    const struct json *object = a->fetched ? a->fetched : json_get(a->json, "object");
    const struct json *to = json_at(json_get(json_at(object, 0), "inReplyTo"), 0);
    return json_kind(to) == JSON_STRING || json_kind(to) == JSON_OBJECT;
}

bool tally_kind_of(const struct activity *activity, enum tally_kind *ret)
{
    if (activity->type == ACTIVITY_ANNOUNCE)
        *ret = TALLY_SHARE;
    else if (activity->type == ACTIVITY_CREATE)
        *ret = answers(activity) ? TALLY_REPLY : TALLY_POST;
    else
        return false;
    return true;
}

/* --- time ------------------------------------------------------------------------------------- */

void tally_month(int64_t ms, char ret[TALLY_MONTH_SIZE])
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    memcpy(ret, text, MONTH);
    ret[MONTH] = '\0';
}

void tally_week(int64_t ms, char ret[TALLY_WEEK_SIZE])
{
    char text[DATE_ISO_SIZE];
    int64_t day = ms / DAY_MS - (ms % DAY_MS < 0);
    int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */
    date_iso_write((day - weekday) * DAY_MS, text);
    memcpy(ret, text, TALLY_WEEK_SIZE - 1);
    ret[TALLY_WEEK_SIZE - 1] = '\0';
}

bool tally_month_read(struct span month, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    char text[DATE_ISO_SIZE], again[TALLY_MONTH_SIZE];
    struct bytes b;
    bytes_init(&b, sizeof(text));
    bytes_addf(&b, "%.*s-01T00:00:00Z", SPAN_ARG(month));
    bool ok = month.n == MONTH && date_iso_read(bytes_span(&b), ret_from_ms);
    bytes_fini(&b);
    if (!ok)
        return false;
    /* The 32nd day of a month lies in the next one. */
    date_iso_write(*ret_from_ms + (int64_t)31 * DAY_MS, text);
    memcpy(text + MONTH, "-01T00:00:00Z", sizeof("-01T00:00:00Z"));
    tally_month(*ret_from_ms, again);
    return span_eq_str(month, again) && date_iso_read(span_of(text), ret_to_ms);
}

int64_t tally_lag_most(unsigned lag)
{
    static const int64_t most[TALLY_LAGS] = {
        100,   250,    500,    1000,    2500,     5000,     10000,     30000,
        60000, 300000, 900000, 3600000, 14400000, 86400000, 604800000, INT64_MAX,
    };
    return most[lag];
}

/* --- counting --------------------------------------------------------------------------------- */

struct name {
    char text[TALLY_FIELD_SIZE];
    size_t n;
    bool over;
};

static void name_add(struct name *name, struct span part)
{
    if (part.n > sizeof(name->text) - name->n) {
        name->over = true;
        return;
    }
    if (part.n)
        memcpy(name->text + name->n, part.p, part.n);
    name->n += part.n;
}

static struct cell *cell_new(struct tally *t, const struct name *name)
{
    struct cell *cell = mem_new(sizeof(*cell) + name->n);
    cell->name_n = name->n;
    memcpy(cell->name, name->text, name->n);
    cell->next = t->first;
    t->first = cell;
    map_put(t->cells, (struct span){cell->name, cell->name_n}, cell);
    return cell;
}

/* Once there are as many as may be, the rest of a month is one count. */
static void count(struct tally *t, struct name *name)
{
    struct cell *cell = map_get(t->cells, (struct span){name->text, name->n});
    if (!cell && map_count(t->cells) >= TALLY_CELLS_MAX) {
        name->n = MONTH;
        name_add(name, SPAN("o"));
        cell = map_get(t->cells, (struct span){name->text, name->n});
    }
    if (!cell)
        cell = cell_new(t, name);
    cell->n++;
}

/* letter|a|b|c, or letter|a|b where c is absent. */
static void add(struct tally *t, int64_t now_ms, char letter, struct span a, struct span b,
                struct span c)
{
    struct name name = {.n = MONTH};
    char month[TALLY_MONTH_SIZE];
    tally_month(now_ms, month);
    memcpy(name.text, month, MONTH);
    name_add(&name, (struct span){&letter, 1});
    name_add(&name, SPAN("|"));
    name_add(&name, a);
    name_add(&name, SPAN("|"));
    name_add(&name, b);
    if (c.p) {
        name_add(&name, SPAN("|"));
        name_add(&name, c);
    }
    if (!name.over && a.n <= POLICY_NAME_MAX && b.n <= POLICY_NAME_MAX)
        count(t, &name);
}

void tally_crossed(struct tally *t, int64_t now_ms, struct span from, struct span to,
                   enum tally_kind kind)
{
    add(t, now_ms, 'x', from, to, span_of(tally_kind_name(kind)));
}

void tally_refused(struct tally *t, int64_t now_ms, struct span from, struct span to, enum err why)
{
    add(t, now_ms, 'r', from, to, span_of(err_code(why)));
}

void tally_delivered(struct tally *t, int64_t now_ms, struct span zone, int64_t lag_ms)
{
    unsigned lag = 0;
    while (lag_ms > tally_lag_most(lag))
        lag++;
    const char digits[] = {(char)('0' + lag / 10), (char)('0' + lag % 10)};
    add(t, now_ms, 'd', zone, (struct span){digits, 2}, SPAN_NONE);
}

static void see(struct tally *t, int64_t now_ms, const char *what, struct span zone,
                const uint8_t digest[TALLY_DIGEST])
{
    struct seen one = {.set = ""};
    uint32_t slot;
    struct bytes set;
    if (!zone.n || zone.n > POLICY_NAME_MAX || t->seen_n == TALLY_SEEN_MAX)
        return;
    bytes_init(&set, SET_SIZE - 1);
    tally_week(now_ms, one.set);
    bytes_addf(&set, "%s:%s:%.*s", one.set, what, SPAN_ARG(zone));
    memcpy(one.set, bytes_str(&set), set.n);
    bytes_fini(&set);
    memcpy(one.digest, digest, TALLY_DIGEST);
    memcpy(&slot, digest, sizeof(slot));
    struct seen *told = &t->told[(slot + (unsigned char)*what) % SLOTS];
    if (memcmp(told, &one, sizeof(one)) == 0)
        return;
    *told = one;
    t->seen[t->seen_n++] = one;
}

void tally_author(struct tally *t, int64_t now_ms, struct span zone,
                  const uint8_t digest[TALLY_DIGEST])
{
    see(t, now_ms, "a", zone, digest);
}

void tally_member(struct tally *t, int64_t now_ms, struct span zone,
                  const uint8_t digest[TALLY_DIGEST])
{
    see(t, now_ms, "m", zone, digest);
}

/* --- taking ----------------------------------------------------------------------------------- */

bool tally_empty(const struct tally *t)
{
    return !t->first && !t->seen_n;
}

void tally_take(struct tally *t, const struct tally_taker *taker)
{
    struct cell *next;
    for (struct cell *cell = t->first; cell; cell = next) {
        next = cell->next;
        taker->count(taker->arg, (struct span){cell->name, MONTH},
                     (struct span){cell->name + MONTH, cell->name_n - MONTH}, cell->n);
        free(cell);
    }
    for (size_t i = 0; i < t->seen_n; i++)
        taker->seen(taker->arg, span_of(t->seen[i].set),
                    (struct span){t->seen[i].digest, TALLY_DIGEST});
    t->first = NULL;
    t->seen_n = 0;
    map_free(&t->cells);
    t->cells = map_new();
}

void tally_forget(struct tally *t)
{
    memset(t->told, 0, sizeof(t->told));
}

struct tally *tally_new(void)
{
    struct tally *t = mem_new(sizeof(*t));
    t->cells = map_new();
    return t;
}

void tally_free(struct tally **tally)
{
    struct tally *t = *tally;
    struct cell *next;
    *tally = NULL;
    if (!t)
        return;
    for (struct cell *cell = t->first; cell; cell = next) {
        next = cell->next;
        free(cell);
    }
    map_free(&t->cells);
    free(t);
}
