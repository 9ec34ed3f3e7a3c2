/* facts_object: what a rule may ask of the object itself: its types, languages, and what is
 * attached to it.
 * May not know: zones, links. */
#include "relay/rules/facts_inner.h"

void facts_read_types(struct facts *facts)
{
    const struct json *types = json_get(facts->object, "type");
    struct gather gather;
    gather_init(&gather, FACTS_TYPES_MAX);
    for (size_t i = 0; i < json_len(types) && !gather.cut; i++)
        gather_add(&gather, activity_bare_type(json_text(json_at(types, i))));
    if (gather.n)
        gather_keep(&gather, facts, FACT_OBJECT);
    else
        gather_fini(&gather);
}

/* --- languages ------------------------------------------------------------------------------- */

/* Of de-AT also de, so that a rule about a language need not list its countries. `und` says that
 * it is not known (Pleroma writes so in every context). */
static void add_language(struct gather *gather, struct span tag)
{
    struct span rest = tag;
    if (!tag.n || tag.n > FACTS_LANGUAGE_SIZE || span_eq_ci(tag, SPAN("und")))
        return;
    gather_add_folded(gather, tag);
    gather_add_folded(gather, span_cut(&rest, '-'));
}

static void add_keys(struct gather *gather, const struct json *map)
{
    const void *at = NULL;
    const struct json *text;
    struct span tag;
    while (!gather->cut && json_next(map, &at, &tag, &text))
        add_language(gather, tag);
}

/* Text, or an object that names it by `identifier` (PeerTube, Lemmy). */
static void add_said(struct gather *gather, const struct json *list)
{
    for (size_t i = 0; i < json_len(list) && !gather->cut; i++) {
        const struct json *v = json_at(list, i);
        add_language(gather, json_kind(v) == JSON_OBJECT ? json_text(json_get(v, "identifier"))
                                                         : json_text(v));
    }
}

static void add_context(struct gather *gather, const struct json *level)
{
    const struct json *context = json_get(level, "@context");
    for (size_t i = 0; i < json_len(context) && !gather->cut; i++)
        add_language(gather, json_text(json_get(json_at(context, i), "@language")));
}

void facts_read_language(struct facts *facts)
{
    static const char *const maps[] = {"contentMap", "nameMap", "summaryMap"};
    struct gather gather;
    gather_init(&gather, FACTS_LANGUAGES_MAX);
    for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
        add_keys(&gather, json_get(facts->object, maps[i]));
    add_said(&gather, json_get(facts->object, "language"));
    add_said(&gather, json_get(facts->object, "inLanguage"));
    for (const struct json *level = facts_levels(facts);
         json_kind(level) == JSON_OBJECT && !gather.cut; level = activity_inner(level))
        add_context(&gather, level);
    if (gather.n)
        gather_keep(&gather, facts, FACT_LANGUAGE);
    else
        gather_fini(&gather);
}

/* --- media ----------------------------------------------------------------------------------- */

enum media { MEDIA_IMAGE, MEDIA_VIDEO, MEDIA_AUDIO, MEDIA_DOCUMENT, MEDIA_OTHER, MEDIA_NONE };

static const char *const media_names[] = {"image", "video", "audio", "document", "other"};

static bool begins(struct span text, struct span with)
{
    return text.n >= with.n && span_eq_ci((struct span){text.p, with.n}, with);
}

/* The media type outweighs the type: Mastodon calls every image a Document. */
static enum media media_by_mime(struct span mime)
{
    if (begins(mime, SPAN("image/")))
        return MEDIA_IMAGE;
    if (begins(mime, SPAN("video/")))
        return MEDIA_VIDEO;
    return begins(mime, SPAN("audio/")) ? MEDIA_AUDIO : MEDIA_NONE;
}

static enum media media_by_type(const struct json *v)
{
    if (activity_is_typed(v, "Image"))
        return MEDIA_IMAGE;
    if (activity_is_typed(v, "Video"))
        return MEDIA_VIDEO;
    if (activity_is_typed(v, "Audio"))
        return MEDIA_AUDIO;
    return activity_is_typed(v, "Document") ? MEDIA_DOCUMENT : MEDIA_NONE;
}

/* A Link leads to something (`links`), and a PropertyValue is a line of a profile: neither is a
 * file, unless its media type says so. A bare URL could be anything. */
static enum media media_of(const struct json *v)
{
    struct span mime = json_text(json_get(v, "mediaType"));
    enum media media = media_by_mime(mime);
    if (json_kind(v) == JSON_STRING)
        return MEDIA_OTHER;
    if (json_kind(v) != JSON_OBJECT || media != MEDIA_NONE)
        return media;
    media = media_by_type(v);
    if (media != MEDIA_NONE)
        return media;
    if (activity_is_typed(v, "Link") || activity_is_typed(v, "PropertyValue"))
        return MEDIA_NONE;
    return mime.n ? MEDIA_DOCUMENT : MEDIA_OTHER;
}

void facts_read_attachments(struct facts *facts)
{
    const struct json *list = json_get(facts->object, "attachment");
    int64_t files = 0;
    if (!facts->object)
        return;
    for (size_t i = 0; i < json_len(list); i++)
        files += media_of(json_at(list, i)) != MEDIA_NONE;
    facts->values[FACT_ATTACHMENTS] = (struct fact_value){.known = true, .number = files};
}

static unsigned bit(enum media media)
{
    return media == MEDIA_NONE ? 0 : 1u << media;
}

/* What HTML shows without being asked. A tag anywhere counts, also in a comment: see facts_links.
 */
static unsigned media_in_html(struct span html)
{
    static const struct {
        const char *tag;
        enum media media;
    } tags[] = {{"<img", MEDIA_IMAGE},    {"<picture", MEDIA_IMAGE}, {"<svg", MEDIA_IMAGE},
                {"<video", MEDIA_VIDEO},  {"<audio", MEDIA_AUDIO},   {"<embed", MEDIA_OTHER},
                {"<object", MEDIA_OTHER}, {"<iframe", MEDIA_OTHER}};
    unsigned found = 0;
    for (ptrdiff_t at; (at = span_find(html, '<')) >= 0;) {
        html = (struct span){html.p + at, html.n - (size_t)at};
        /* A letter's case is one bit; most tags are told apart by their first. */
        char first = html.n > 1 ? (char)(html.p[1] | 0x20) : '\0';
        for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
            if (first == tags[i].tag[1] && begins(html, span_of(tags[i].tag)))
                found |= bit(tags[i].media);
        html = (struct span){html.p + 1, html.n - 1};
    }
    return found;
}

static unsigned media_in_contents(const struct json *object)
{
    const void *at = NULL;
    const struct json *text;
    struct span tag, content = json_text(json_get(object, "content"));
    unsigned found = media_in_html(content);
    while (json_next(json_get(object, "contentMap"), &at, &tag, &text))
        if (!span_eq(json_text(text), content))
            found |= media_in_html(json_text(text));
    return found;
}

/* What is attached; what it is itself, with its files in `url` (PeerTube, Castopod); the pictures
 * in `image` (Lemmy, WordPress) and in the text. */
void facts_read_media(struct facts *facts)
{
    const struct json *object = facts->object, *attached = json_get(object, "attachment"),
                      *urls = json_get(object, "url");
    unsigned found = bit(media_by_type(object)) | media_in_contents(object);
    struct gather gather;
    if (!object)
        return;
    for (size_t i = 0; i < json_len(attached); i++)
        found |= bit(media_of(json_at(attached, i)));
    for (size_t i = 0; i < json_len(urls); i++)
        found |= bit(media_by_mime(json_text(json_get(json_at(urls, i), "mediaType"))));
    if (json_len(json_get(object, "image")))
        found |= bit(MEDIA_IMAGE);
    gather_init(&gather, MEDIA_NONE);
    for (unsigned i = 0; i < MEDIA_NONE; i++)
        if (found & 1u << i)
            gather_add(&gather, span_of(media_names[i]));
    gather_keep(&gather, facts, FACT_MEDIA);
}
