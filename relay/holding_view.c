/* holding_view: an item that is held, as JSON: where it came from, who waits for it and why, and
 * what a person needs to see to decide. May not know: who asks; what is decided. */
#include "relay/holding_view.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/pure/plain.h"
#include "relay/admin_inner.h"
#include "relay/holding_inner.h"

enum { TEXT_MAX = 16384, FACT_MAX = 4096 };

/* Text of the stranger's choosing, made fit to be read. */
static void add_plain(struct json_writer *w, const char *key, struct span html)
{
    struct bytes text;
    if (!html.n)
        return;
    bytes_init(&text, TEXT_MAX + 8);
    plain_write(html, TEXT_MAX, &text);
    json_member(w, key, bytes_span(&text));
    bytes_fini(&text);
}

static void add_list(struct json_writer *w, const char *key, struct span names)
{
    json_key(w, key);
    json_open(w, '[');
    while (names.n)
        json_add_text(w, span_cut(&names, ','));
    json_close(w, ']');
}

static void add_whys(struct json_writer *w, struct span whys)
{
    struct hold_why why;
    json_key(w, "waits");
    json_open(w, '[');
    while (hold_why_next(&whys, &why)) {
        json_open(w, '{');
        json_member(w, "zone", why.zone);
        json_member(w, "code", span_of(err_code(why.code)));
        if (why.rule.n)
            json_member(w, "rule", why.rule);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* --- what it says ----------------------------------------------------------------------------- */

static const char *zone_of(void *arg, struct span host)
{
    return policy_zone_name(arg, host);
}

static void add_links(struct json_writer *w, struct facts *facts)
{
    const struct fact_value *links = facts_get(facts, FACT_LINKS);
    json_key(w, "links");
    json_open(w, '[');
    for (size_t i = 0; i < links->texts_n; i++)
        json_add_text(w, links->texts[i]);
    json_close(w, ']');
}

static void add_facts(struct json_writer *w, struct facts *facts)
{
    struct bytes value;
    bytes_init(&value, FACT_MAX);
    json_key(w, "facts");
    json_open(w, '{');
    for (int fact = 0; fact < FACT_COUNT; fact++) {
        bytes_clear(&value);
        facts_show(facts, (enum fact)fact, &value);
        json_member(w, fact_row((enum fact)fact)->name, bytes_span(&value));
    }
    json_close(w, '}');
    bytes_fini(&value);
}

static void add_said(struct json_writer *w, const struct redecision *g)
{
    const struct facts_context context = {.now_ms = clock_wall_ms(),
                                          .bytes =
                                              g->item.update.n ? g->item.update.n : g->item.body.n,
                                          .software = span_of(g->known.software),
                                          .consent = g->known.consent,
                                          .bot = g->known.bot,
                                          .indexable = g->known.indexable,
                                          .zone_of = zone_of,
                                          .arg = &g->context->config->policy};
    struct facts facts;
    facts_init(&facts, &g->newest, &context);
    add_plain(w, "name", json_text(json_get(facts.object, "name")));
    add_plain(w, "summary", json_text(json_get(facts.object, "summary")));
    add_plain(w, "text", json_text(json_get(facts.object, "content")));
    add_links(w, &facts);
    add_facts(w, &facts);
    facts_fini(&facts);
}

static void add_content(struct json_writer *w, struct context *context,
                        const struct hold_item *item)
{
    struct redecision *g = mem_new(sizeof(*g));
    g->context = context;
    g->item = *item;
    if (holding_read(g) == ERR_OK)
        add_said(w, g);
    json_free(&g->json);
    json_free(&g->fetched);
    json_free(&g->update);
    free(g);
}

static void add_end(struct json_writer *w, const struct hold_item *item)
{
    view_time(w, "closed", item->closed_ms);
    if (item->by.n)
        json_member(w, "by", item->by);
    if (item->reason.n)
        json_member(w, "reason", item->reason);
}

void holding_view(struct context *context, const struct hold_item *item, struct json_writer *w)
{
    json_open(w, '{');
    json_member_int(w, "h", (int64_t)item->h);
    json_member(w, "state", span_of(hold_state_name(item->state)));
    view_time(w, "since", item->at_ms);
    view_time(w, "updated", item->updated_ms);
    json_member_int(w, "revision", (int64_t)item->revision);
    json_member(w, "from", item->from);
    json_member(w, "zone", item->zone);
    json_member(w, "activity", item->id);
    json_member(w, "type", item->type);
    json_member(w, "actor", item->actor);
    if (item->object.n)
        json_member(w, "object", item->object);
    json_member_int(w, "bytes", (int64_t)item->bytes);
    add_whys(w, item->why);
    if (item->sent.n)
        add_list(w, "sent", item->sent);
    if (item->n)
        json_member_int(w, "n", (int64_t)item->n);
    add_end(w, item);
    if (item->body.n)
        add_content(w, context, item);
    json_close(w, '}');
}
