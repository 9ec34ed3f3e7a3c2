/* facts: the table, what is read when, and the facts that take a line or two.
 *
 * A reader fills facts->values; texts are borrowed from the tree, or are the facts' own (owned).
 * May not know: which rules there are, how they compare, where the context comes from. */
#include "relay/rules/facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/date.h"
#include "common/pure/utf8.h"
#include "relay/rules/facts_inner.h"
#include "relay/rules/policy.h"

_Static_assert(FACT_COUNT <= 32, "a bit of `read` for each fact");

enum { SHOW_TEXTS = 10, SHOW_TEXT_SIZE = 101, TEXT_MAX = 1 << 25 };

// clang-format off
#define FACT_ROW(constant, name, kind, unit, folded, prose, missing) \
    [FACT_##constant] = {name, FACT_KIND_##kind, FACT_UNIT_##unit, folded, prose, missing},
// clang-format on
static const struct fact_row rows[FACT_COUNT] = {FACTS_TABLE(FACT_ROW)};
#undef FACT_ROW

const struct fact_row *fact_row(enum fact fact)
{
    return &rows[fact];
}

bool fact_by_name(struct span name, enum fact *ret)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (span_eq_str(name, rows[i].name)) {
            *ret = (enum fact)i;
            return true;
        }
    return false;
}

bool facts_cut_matches(bool rule_allows, bool in_unless)
{
    return rule_allows == in_unless;
}

/* --- gathering ------------------------------------------------------------------------------- */

void gather_init(struct gather *gather, size_t most)
{
    *gather = (struct gather){.most = most};
    bytes_init(&gather->text, TEXT_MAX);
}

void gather_fini(struct gather *gather)
{
    bytes_fini(&gather->text);
}

static struct span gathered(const struct gather *gather, size_t i)
{
    size_t at = i ? gather->ends[i - 1] : 0;
    return (struct span){gather->text.p + at, gather->ends[i] - at};
}

bool gather_has(const struct gather *gather, struct span text)
{
    for (size_t i = 0; i < gather->n; i++)
        if (span_eq(gathered(gather, i), text))
            return true;
    return false;
}

/* What stands behind the last one becomes one more, if it is new and there is room. */
static void gather_close(struct gather *gather)
{
    size_t at = gather->n ? gather->ends[gather->n - 1] : 0;
    struct span text = {gather->text.p + at, gather->text.n - at};
    bool room = gather->n < gather->most && !gather->text.over;
    if (!text.n && !gather->text.over)
        return;
    if (gather_has(gather, text)) {
        gather->text.n = at;
        return;
    }
    if (room)
        gather->ends[gather->n++] = gather->text.n;
    else
        gather->text.n = at;
    gather->cut = gather->cut || !room;
}

void gather_add(struct gather *gather, struct span text)
{
    bytes_add(&gather->text, text);
    gather_close(gather);
}

void gather_add_folded(struct gather *gather, struct span text)
{
    size_t at = gather->text.n;
    if (bytes_add(&gather->text, text) && text.n)
        policy_tag_fold(gather->text.p + at, text.n);
    gather_close(gather);
}

void gather_keep(struct gather *gather, struct facts *facts, enum fact fact)
{
    struct fact_value *value = &facts->values[fact];
    size_t list = gather->n * sizeof(struct span);
    *value = (struct fact_value){.known = true, .cut = gather->cut, .texts_n = gather->n};
    if (gather->n) {
        struct span *texts = mem_new(list + gather->text.n);
        char *copy = (char *)texts + list;
        memcpy(copy, gather->text.p, gather->text.n);
        for (size_t i = 0; i < gather->n; i++) {
            size_t at = i ? gather->ends[i - 1] : 0;
            texts[i] = (struct span){copy + at, gather->ends[i] - at};
        }
        facts->owned[fact] = texts;
        value->texts = texts;
    }
    gather_fini(gather);
}

/* --- short ones ------------------------------------------------------------------------------ */

static void keep_text(struct facts *facts, enum fact fact, struct span text)
{
    facts->one[fact] = text;
    facts->values[fact] =
        (struct fact_value){.known = true, .texts = &facts->one[fact], .texts_n = 1};
}

static void keep_flag(struct facts *facts, enum fact fact, enum fact_said said)
{
    if (said != FACT_UNKNOWN)
        facts->values[fact] = (struct fact_value){.known = true, .flag = said == FACT_YES};
}

static void keep_number(struct facts *facts, enum fact fact, int64_t number)
{
    facts->values[fact] = (struct fact_value){.known = true, .number = number};
}

static void read_type(struct facts *facts)
{
    keep_text(facts, FACT_TYPE, activity_bare_type(facts->activity->type_name));
}

static void read_tags(struct facts *facts)
{
    const struct activity *a = facts->activity;
    struct gather gather;
    gather_init(&gather, ACTIVITY_TAGS_MAX);
    for (size_t i = 0; i < a->tags_n; i++)
        gather_add_folded(&gather, a->tags[i]);
    gather_keep(&gather, facts, FACT_TAGS);
}

static void read_author(struct facts *facts)
{
    keep_text(facts, FACT_AUTHOR, facts->activity->actor);
}

static void read_author_host(struct facts *facts)
{
    keep_text(facts, FACT_AUTHOR_HOST, span_of(facts->actor.authority));
}

static void read_consent(struct facts *facts)
{
    keep_flag(facts, FACT_CONSENT, facts->context.consent);
}

static void read_bot(struct facts *facts)
{
    keep_flag(facts, FACT_BOT, facts->context.bot);
}

static void read_indexable(struct facts *facts)
{
    keep_flag(facts, FACT_INDEXABLE, facts->context.indexable);
}

static void read_visibility(struct facts *facts)
{
    if (facts->activity->visibility == VISIBILITY_PUBLIC)
        keep_text(facts, FACT_VISIBILITY, SPAN("public"));
    if (facts->activity->visibility == VISIBILITY_UNLISTED)
        keep_text(facts, FACT_VISIBILITY, SPAN("unlisted"));
}

static void read_size(struct facts *facts)
{
    if (facts->context.bytes)
        keep_number(facts, FACT_SIZE, (int64_t)facts->context.bytes);
}

static void read_sensitive(struct facts *facts)
{
    const struct json *said = json_get(facts->object, "sensitive");
    if (json_kind(said) == JSON_BOOL)
        keep_flag(facts, FACT_SENSITIVE, json_flag(said, false) ? FACT_YES : FACT_NO);
}

static void read_age(struct facts *facts)
{
    int64_t ms;
    bool known = date_iso_read(json_text(json_get(facts->object, "published")), &ms) ||
                 date_iso_read(json_text(json_get(facts->activity->json, "published")), &ms);
    if (known && facts->context.now_ms > 0)
        keep_number(facts, FACT_AGE,
                    facts->context.now_ms > ms ? (facts->context.now_ms - ms) / 1000 : 0);
}

/* RsaSignature2017 and FEP-8b32 by their shape, as activity.has_proof: nobody has verified them. */
static void read_proof(struct facts *facts)
{
    const struct activity *a = facts->activity;
    struct gather gather;
    gather_init(&gather, 2);
    if (a->has_proof && span_eq(json_text(json_get(json_get(a->json, "signature"), "type")),
                                SPAN("RsaSignature2017")))
        gather_add(&gather, SPAN("ld-signature"));
    if (a->has_proof && json_len(json_get(a->json, "proof")) > 0)
        gather_add(&gather, SPAN("fep-8b32"));
    if (!gather.n)
        gather_add(&gather, SPAN("none"));
    gather_keep(&gather, facts, FACT_PROOF);
}

static void read_software(struct facts *facts)
{
    struct gather gather;
    if (!facts->context.software.n)
        return;
    gather_init(&gather, 1);
    gather_add_folded(&gather, facts->context.software);
    gather_keep(&gather, facts, FACT_SOFTWARE);
}

/* --- zones ----------------------------------------------------------------------------------- */

static struct span zone_of(const struct facts *facts, struct span host)
{
    const struct facts_context *c = &facts->context;
    const char *zone = c->zone_of ? c->zone_of(c->arg, host) : NULL;
    return zone ? span_of(zone) : SPAN("other");
}

/* Of several the first: nobody is known to send several. */
struct span facts_answered(const struct facts *facts)
{
    const struct json *to = json_at(json_get(facts->object, "inReplyTo"), 0);
    return json_kind(to) == JSON_OBJECT ? json_text(json_get(to, "id")) : json_text(to);
}

static void read_reply_to(struct facts *facts)
{
    struct uri uri;
    struct span id = facts_answered(facts);
    if (!facts->object)
        return;
    if (id.p ? !id.n : !json_len(json_get(facts->object, "inReplyTo")))
        keep_text(facts, FACT_REPLY_TO, SPAN("none"));
    else
        keep_text(facts, FACT_REPLY_TO,
                  uri_read(id, &uri) == ERR_OK ? zone_of(facts, span_of(uri.authority))
                                               : SPAN("other"));
}

bool facts_crossed(struct facts *facts, int to)
{
    const struct facts_context *c = &facts->context;
    return c->crossed && facts_answered(facts).n > 0 && c->crossed(c->arg, to);
}

/* The host of a Mention: of the actor's id, else of its name, `@user@host`. */
static bool mention_host(const struct json *mention, char out[URI_AUTHORITY_SIZE])
{
    struct uri uri;
    struct span name = json_text(json_get(mention, "name"));
    if (uri_read(json_text(json_get(mention, "href")), &uri) == ERR_OK)
        return span_copy(span_of(uri.authority), out, URI_AUTHORITY_SIZE);
    if (span_starts(name, SPAN("@")))
        span_cut(&name, '@');
    span_cut(&name, '@');
    return name.n && uri_authority(name, true, out);
}

static void read_mentions(struct facts *facts)
{
    struct gather hosts, zones;
    gather_init(&hosts, FACTS_MENTIONS_MAX);
    gather_init(&zones, FACTS_MENTIONS_MAX);
    for (const struct json *level = facts_levels(facts);
         json_kind(level) == JSON_OBJECT && !hosts.cut; level = activity_inner(level)) {
        const struct json *tags = json_get(level, "tag");
        size_t n = json_len(tags);
        for (size_t i = 0; i < n && !hosts.cut; i++) {
            char host[URI_AUTHORITY_SIZE];
            if (!activity_is_typed(json_at(tags, i), "Mention"))
                continue;
            if (!mention_host(json_at(tags, i), host)) {
                zones.cut = true;
            } else if (!gather_has(&hosts, span_of(host))) {
                gather_add(&hosts, span_of(host));
                gather_add(&zones, hosts.cut ? SPAN_NONE : zone_of(facts, span_of(host)));
            }
        }
    }
    zones.cut = zones.cut || hosts.cut;
    gather_fini(&hosts);
    gather_keep(&zones, facts, FACT_MENTIONS);
}

/* --- all of them ----------------------------------------------------------------------------- */

static void (*const readers[FACT_COUNT])(struct facts *) = {
    [FACT_TYPE] = read_type,
    [FACT_OBJECT] = facts_read_types,
    [FACT_TAGS] = read_tags,
    [FACT_AUTHOR] = read_author,
    [FACT_AUTHOR_HOST] = read_author_host,
    [FACT_CONSENT] = read_consent,
    [FACT_BOT] = read_bot,
    [FACT_INDEXABLE] = read_indexable,
    [FACT_VISIBILITY] = read_visibility,
    [FACT_LANGUAGE] = facts_read_language,
    [FACT_SIZE] = read_size,
    [FACT_ATTACHMENTS] = facts_read_attachments,
    [FACT_MEDIA] = facts_read_media,
    [FACT_SENSITIVE] = read_sensitive,
    [FACT_REPLY_TO] = read_reply_to,
    [FACT_MENTIONS] = read_mentions,
    [FACT_LINKS] = facts_read_links,
    [FACT_AGE] = read_age,
    [FACT_PROOF] = read_proof,
    [FACT_SOFTWARE] = read_software,
};

const struct json *facts_levels(const struct facts *facts)
{
    return facts->activity->fetched ? facts->activity->fetched : facts->activity->json;
}

/* What an activity is about, past all activities that it embeds; NULL where it is only named. */
static const struct json *object_of(const struct activity *activity)
{
    if (activity->fetched)
        return activity->fetched;
    const struct json *level = activity_inner(activity->json);
    while (json_kind(level) == JSON_OBJECT && activity_is_one(level))
        level = activity_inner(level);
    return json_kind(level) == JSON_OBJECT ? level : NULL;
}

void facts_init(struct facts *ret, const struct activity *activity,
                const struct facts_context *context)
{
    *ret = (struct facts){.activity = activity, .context = *context, .object = object_of(activity)};
    if (uri_read(activity->actor, &ret->actor) != ERR_OK)
        ret->actor = (struct uri){0};
}

void facts_fini(struct facts *facts)
{
    for (int i = 0; i < FACT_COUNT; i++)
        free(facts->owned[i]);
    *facts = (struct facts){0};
}

const struct fact_value *facts_get(struct facts *facts, enum fact fact)
{
    if (!(facts->read & UINT32_C(1) << fact)) {
        facts->read |= UINT32_C(1) << fact;
        readers[fact](facts);
    }
    return &facts->values[fact];
}

static void show_texts(const struct fact_value *value, struct bytes *out)
{
    bytes_add_char(out, '[');
    for (size_t i = 0; i < value->texts_n && i < SHOW_TEXTS; i++) {
        char text[SHOW_TEXT_SIZE];
        utf8_show(value->texts[i], text, sizeof(text));
        bytes_addf(out, "%s%s", i ? ", " : "", text);
    }
    if (value->cut || value->texts_n > SHOW_TEXTS)
        bytes_addf(out, "%s...", value->texts_n ? ", " : "");
    bytes_add_char(out, ']');
}

void facts_show(struct facts *facts, enum fact fact, struct bytes *out)
{
    static const char *const units[] = {[FACT_UNIT_NONE] = "",
                                        [FACT_UNIT_BYTES] = " bytes",
                                        [FACT_UNIT_COUNT] = "",
                                        [FACT_UNIT_SECONDS] = " seconds"};
    const struct fact_value *value = facts_get(facts, fact);
    if (!value->known) {
        bytes_addf(out, "missing: %s", rows[fact].missing);
        return;
    }
    switch (rows[fact].kind) {
    case FACT_KIND_TEXT: show_texts(value, out); break;
    case FACT_KIND_NUMBER:
        bytes_addf(out, "%" PRId64 "%s", value->number, units[rows[fact].unit]);
        break;
    case FACT_KIND_FLAG: bytes_add_str(out, value->flag ? "yes" : "no"); break;
    }
}
