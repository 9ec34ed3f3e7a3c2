/* facts_inner: how the files that read facts put them together. For facts*.c only. */
#pragma once

#include "relay/rules/facts.h"

/* Texts of one fact on their way: each once, none beyond `most`. */
struct gather {
    struct bytes text; /* one behind the other */
    size_t ends[ACTIVITY_TAGS_MAX];
    size_t n, most;
    bool cut;
};

/* most: at most ACTIVITY_TAGS_MAX. */
void gather_init(struct gather *gather, size_t most);
void gather_fini(struct gather *gather);
bool gather_has(const struct gather *gather, struct span text);
/* A copy; what does not fit makes it cut. An empty text is none. */
void gather_add(struct gather *gather, struct span text);
/* The same without case (policy_tag_fold()). */
void gather_add_folded(struct gather *gather, struct span text);
/* Makes them the texts of the fact, known, and ends the gather. */
void gather_keep(struct gather *gather, struct facts *facts, enum fact fact);

/* The outermost level that says something of itself: what was fetched, or the activity. The rest
 * follow by activity_inner(). */
const struct json *facts_levels(const struct facts *facts);

enum { LINK_HEAD_MAX = 512 }; /* of a URL, by which its host must have ended */

enum link {
    LINK_NONE,  /* relative, or of a scheme without hosts */
    LINK_HOST,  /* leads to a host */
    LINK_UNREAD /* may lead to a host that cannot be read for sure */
};

/* Where a link leads to; html: the text holds entities. out: uri.authority form, of LINK_HOST. */
enum link link_read(struct span raw, bool html, char out[URI_AUTHORITY_SIZE]);
/* The host of what stands behind the slashes; https: the scheme. */
bool link_host(struct span written, bool https, char out[URI_AUTHORITY_SIZE]);

/* Each reads one fact into facts->values; the object is known where its facts need it. */
void facts_read_types(struct facts *facts);
void facts_read_language(struct facts *facts);
void facts_read_attachments(struct facts *facts);
void facts_read_media(struct facts *facts);
void facts_read_links(struct facts *facts);
