/* steward_freeze: thaws what has come to its end, and has decided anew what no freeze holds any
 * more.
 *
 *     REST -> READ -> (another version? tell it) -> (an end has come? THAW -> READ)
 *          -> (something thawed, or just begun? PAGE -> ITEM, one after the other -> PAGE ...)
 *          -> REST, for a second
 *
 * Nothing is remembered of which freeze held what: an item is decided anew if it waits for a freeze
 * and none there is now explains that. So whoever thawed, and however often a steward was killed
 * over it, what is left is found by going through all items that are open, from the oldest on; and
 * since nothing comes into the journal that was decided by another version, none is missed.
 * May not know: what deciding anew means (holding.c). */
#include "relay/steward_freeze.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/holding.h"
#include "relay/meters.h"
#include "relay/store/freezes.h"
#include "relay/store/holds.h"

enum { SECOND = 1000, MINUTE_MS = 60000, AGAIN_MS = 10000, PAGE = 100 };

struct freezer {
    struct context *context;
    bool watches, ready;
    struct timer *timer;
    struct op *op; /* what is under way; NULL: nothing */
    struct freezes freezes;
    bool known;     /* they were read since Redis was there */
    bool walks;     /* all items are to be looked at, from `after` on */
    uint64_t after; /* of the page before */
    uint64_t next;  /* of the page behind this one; 0: there is none */
    uint64_t items[PAGE];
    size_t items_n, at;
    size_t counts[HOLD_STATE_COUNT]; /* what became of them in this walk */
    bool missed;                     /* one could not be decided just now */
    bool stuck;                      /* one may not be sent as its sender's membership is */
    bool again;                      /* so look once more: a member changed */
    int64_t walked_ms;               /* the end of the last walk */
};

/* Outlives the freezer if it must. */
struct op {
    struct freezer *freezer;
};

static struct op *op_new(struct freezer *f)
{
    f->op = mem_new(sizeof(*f->op));
    f->op->freezer = f;
    return f->op;
}

/* NULL: it is gone. */
static struct freezer *op_end(struct op *op)
{
    struct freezer *f = op->freezer;
    free(op);
    if (f)
        f->op = NULL;
    return f;
}

static void rest(struct freezer *f, int64_t ms)
{
    if (f->ready)
        timer_start(f->timer, ms);
}

/* --- what no freeze holds any more ------------------------------------------------------------ */

static void ask_page(struct freezer *f);

static void tell_walk(const struct freezer *f)
{
    struct log_line l;
    size_t n = 0;
    for (int i = 0; i < HOLD_STATE_COUNT; i++)
        n += f->counts[i];
    if (!n)
        return;
    log_begin(&l, LOG_LEVEL_INFO, "thawed");
    log_int(&l, "items", (int64_t)n);
    log_int(&l, "sent", (int64_t)f->counts[HOLD_APPROVED]);
    log_int(&l, "denied", (int64_t)f->counts[HOLD_DENIED]);
    log_int(&l, "held", (int64_t)f->counts[HOLD_OPEN]);
    log_end(&l);
}

static void walk_begin(struct freezer *f)
{
    f->walks = true;
    f->after = 0;
    f->missed = f->stuck = f->again = false;
    memset(f->counts, 0, sizeof(f->counts));
}

static void walk_end(struct freezer *f)
{
    bool again = f->missed;
    tell_walk(f);
    f->walks = false;
    f->walked_ms = clock_mono_ms();
    if (again)
        walk_begin(f);
    rest(f, again ? AGAIN_MS : SECOND);
}

static void ask_item(struct freezer *f);

/* Somebody else may have closed it meanwhile, or an Update joined it. */
static void judge_item(struct freezer *f, const struct holding_answer *answer)
{
    switch (answer->err) {
    case ERR_OK: f->counts[answer->state]++; break;
    case ERR_NOT_KNOWN:
    case ERR_NOT_KEPT: break;
    case ERR_HOLD_CHANGED: f->missed = true; break;
    default:
        f->missed = f->missed || err_later(answer->err);
        f->stuck = f->stuck || !err_later(answer->err);
    }
}

static void on_item(void *arg, const struct holding_answer *answer)
{
    struct freezer *f = op_end(arg);
    if (!f)
        return;
    judge_item(f, answer);
    if (answer->err == ERR_UNAVAILABLE) /* those behind it would go ahead of it */
        walk_end(f);
    else
        ask_item(f);
}

static void ask_item(struct freezer *f)
{
    if (f->at == f->items_n) {
        f->after = f->next;
        if (f->next)
            ask_page(f);
        else
            walk_end(f);
        return;
    }
    const struct holding_ask ask = {.h = f->items[f->at++], .asked = HOLD_ASKED_THAW};
    holding_redecide(f->context, &ask, on_item, op_new(f));
}

/* It waits for a freeze, and none there is now explains that. */
static bool is_lifted(const struct freezes *freezes, const struct hold_item *item)
{
    struct span text = item->why;
    struct hold_why why;
    char from[POLICY_NAME_MAX + 1];
    char to[POLICY_NAME_MAX + 1];
    span_copy(item->zone, from, sizeof(from));
    while (hold_why_next(&text, &why)) {
        span_copy(why.zone, to, sizeof(to));
        if (why.code == ERR_FROZEN && !freezes_find(freezes, from, to))
            return true;
    }
    return false;
}

static void on_page(void *arg, const struct holds_page *page)
{
    struct freezer *f = op_end(arg);
    if (!f)
        return;
    if (page->err != ERR_OK) {
        rest(f, AGAIN_MS);
        return;
    }
    f->next = page->next;
    f->items_n = f->at = 0;
    for (size_t i = 0; i < page->items_n && f->items_n < PAGE; i++)
        if (is_lifted(&f->freezes, &page->items[i]))
            f->items[f->items_n++] = page->items[i].h;
    ask_item(f);
}

static void ask_page(struct freezer *f)
{
    holds_page(f->context->store, false, f->after, PAGE, on_page, op_new(f));
}

/* --- what has come to its end ----------------------------------------------------------------- */

static void read_freezes(void *arg);

static void on_thawed(void *arg, enum err err, const struct freezes *freezes)
{
    struct freezer *f = op_end(arg);
    (void)freezes; /* read anew */
    if (!f)
        return;
    if (err == ERR_OK || err == ERR_AGAIN || err == ERR_NOT_FROZEN)
        read_freezes(f);
    else
        rest(f, AGAIN_MS);
}

static void thaw(struct freezer *f, const struct freeze *freeze)
{
    struct audit_by by = {.via = "calendar"};
    struct bytes target;
    struct bytes text;
    bytes_init(&target, FREEZE_TEXT_MAX);
    bytes_init(&text, AUDIT_NOTE_MAX);
    freeze_boundary_write(freeze, &target);
    span_copy(SPAN("its time is up"), by.reason, sizeof(by.reason));
    audit_write(
        &(struct audit_note){
            .by = &by, .verb = "thaw", .target = bytes_span(&target), .now_ms = clock_wall_ms()},
        &text);
    const struct freezes_change change = {
        .freeze = freeze, .thaws = true, .at = f->freezes.version, .note = bytes_span(&text)};
    freezes_change(f->context->store, &change, on_thawed, op_new(f));
    bytes_fini(&target);
    bytes_fini(&text);
}

static const struct freeze *ended(const struct freezes *freezes, int64_t now_ms)
{
    for (size_t i = 0; i < freezes->n; i++)
        if (freezes->list[i].until_ms && freezes->list[i].until_ms <= now_ms)
            return &freezes->list[i];
    return NULL;
}

/* --- what there is ---------------------------------------------------------------------------- */

static void tell(const struct freezes *freezes)
{
    struct log_line l;
    struct bytes text;
    bytes_init(&text, FREEZES_MAX * (FREEZE_TEXT_MAX + 2));
    for (size_t i = 0; i < freezes->n; i++) {
        bytes_add_str(&text, i ? ", " : "");
        freeze_boundary_write(&freezes->list[i], &text);
    }
    log_begin(&l, LOG_LEVEL_INFO, "frozen");
    log_int(&l, "boundaries", (int64_t)freezes->n);
    log_text(&l, "which", freezes->n ? bytes_span(&text) : SPAN_NONE);
    log_end(&l);
    bytes_fini(&text);
}

static void on_read(void *arg, enum err err, const struct freezes *freezes)
{
    struct freezer *f = op_end(arg);
    if (!f)
        return;
    if (err != ERR_OK) {
        if (err != ERR_REDIS) /* others tell that it is away */
            log_note(LOG_LEVEL_ERROR, "frozen", "what is frozen can't be read: %s", err_title(err));
        rest(f, AGAIN_MS);
        return;
    }
    if (freezes) {
        f->freezes = *freezes;
        metric_set(METER_FREEZES, 0, (double)freezes->n);
        tell(freezes);
    }
    bool again = f->again && clock_mono_ms() - f->walked_ms >= MINUTE_MS;
    if (freezes || !f->known || again)
        walk_begin(f);
    f->known = true;
    const struct freeze *over = ended(&f->freezes, clock_wall_ms());
    if (over && !f->watches)
        thaw(f, over);
    else if (f->walks && !f->watches)
        ask_page(f);
    else
        rest(f, SECOND);
}

static void read_freezes(void *arg)
{
    struct freezer *f = arg;
    if (!f->ready || f->op)
        return;
    freezes_read(f->context->store, f->freezes.version, on_read, op_new(f));
}

/* --- life ------------------------------------------------------------------------------------- */

struct freezer *freezer_new(struct context *context, bool watches)
{
    struct freezer *f = mem_new(sizeof(*f));
    f->context = context;
    f->watches = watches;
    f->timer = timer_new(context->loop, read_freezes, f);
    return f;
}

/* After Redis was away it may be another one, with another history. */
void freezer_ready(struct freezer *f, bool ready)
{
    f->ready = ready;
    f->known = f->known && ready;
    if (ready)
        timer_start(f->timer, 0);
}

void freezer_look(struct freezer *f)
{
    if (f->ready)
        timer_start(f->timer, 0);
}

void freezer_members_changed(struct freezer *f)
{
    f->again = f->stuck;
}

void freezer_free(struct freezer **freezer)
{
    struct freezer *f = *freezer;
    *freezer = NULL;
    if (!f)
        return;
    if (f->op)
        f->op->freezer = NULL;
    timer_free(&f->timer);
    free(f);
}
