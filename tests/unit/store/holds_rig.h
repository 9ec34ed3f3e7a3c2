/* holds_rig: what is decided about an item that is held, and the lists of them, for tests of the
 * store. */
#pragma once

#include "relay/store/holds.h"
#include "tests/unit/store/journal_rig.h"

/* What is decided about item h: zones that get it, and zones that wait on. */
struct settling {
    int h;
    const char *sent, *kept;
    int revision;
    enum hold_state then; /* OPEN (not said): APPROVED */
    int ver;
    const char *freezes, *note;
};
#define SETTLE(h_, sent_, ...)                                                                     \
    {                                                                                              \
        .h = (h_), .sent = (sent_), __VA_ARGS__                                                    \
    }

/* --- what is asked ---------------------------------------------------------------------------- */

struct settled {
    struct rig *rig;
    int calls;
    struct holds_settled answer;
};

MAYBE static void on_settled(void *arg, const struct holds_settled *answer)
{
    struct settled *s = arg;
    s->calls++;
    s->answer = *answer;
    loop_stop(s->rig->loop);
}

MAYBE static void whys(const char *zones, struct bytes *out)
{
    bytes_init(out, 4096);
    for (struct span rest = span_of(zones ? zones : ""); rest.n;) {
        const struct hold_why why = {span_cut(&rest, ','), SPAN("rule"), ERR_RULE_HOLDS};
        hold_why_write(&why, out);
    }
}

MAYBE static const char *settle(struct rig *rig, const struct settling *s, int64_t now_ms)
{
    static char text[64];
    static const char *const words[] = {[HOLDS_NONE] = "none",
                                        [HOLDS_CHANGED] = "changed",
                                        [HOLDS_AGAIN] = "again",
                                        [HOLDS_FULL] = "full"};
    struct settled settled = {.rig = rig};
    struct bytes kept;
    whys(s->kept, &kept);
    const struct holds_settle ask = {.h = (uint64_t)s->h,
                                     .revision = (uint64_t)s->revision,
                                     .ver = (uint64_t)s->ver,
                                     .freezes = s->freezes ? s->freezes : "",
                                     .sent = span_of(s->sent),
                                     .kept = bytes_span(&kept),
                                     .then = s->then ? s->then : HOLD_APPROVED,
                                     .by = SPAN("bob"),
                                     .reason = SPAN("it is fine"),
                                     .note = span_of(s->note ? s->note : ""),
                                     .now_ms = now_ms};
    holds_settle(rig->store, &ask, on_settled, &settled);
    bytes_fini(&kept);
    assert_int_equal(settled.calls, 0);
    rig_await(rig, &settled.calls, 1);
    const struct holds_settled *a = &settled.answer;
    if (a->err != ERR_OK)
        return err_code(a->err);
    if (a->result == HOLDS_SETTLED)
        snprintf(text, sizeof text, "%s %d", hold_state_name(a->state), (int)a->n);
    else if (a->result == HOLDS_CLOSED)
        snprintf(text, sizeof text, "closed %s", hold_state_name(a->state));
    else
        return words[a->result];
    return text;
}

struct paged {
    struct rig *rig;
    int calls;
    struct bytes text;
    uint64_t open, bytes, next;
};

MAYBE static void on_page(void *arg, const struct holds_page *page)
{
    struct paged *p = arg;
    p->calls++;
    p->open = page->open;
    p->bytes = page->bytes;
    p->next = page->next;
    assert_int_equal(page->err, ERR_OK);
    for (size_t i = 0; i < page->items_n; i++) {
        const struct hold_item *item = &page->items[i];
        bytes_addf(&p->text, "%s%d %s", p->text.n ? "\n" : "", (int)item->h,
                   hold_state_name(item->state));
        if (item->revision)
            bytes_addf(&p->text, " r%d", (int)item->revision);
        bytes_addf(&p->text, " %.*s", SPAN_ARG(item->zones));
        if (item->sent.n)
            bytes_addf(&p->text, " sent %.*s n %d", SPAN_ARG(item->sent), (int)item->n);
    }
    loop_stop(p->rig->loop);
}

MAYBE static void read_items(struct rig *rig, bool closed, uint64_t after, size_t most,
                             struct paged *p)
{
    int before = p->calls;
    p->rig = rig;
    holds_page(rig->store, closed, after, most, on_page, p);
    rig_await(rig, &p->calls, before + 1);
}
