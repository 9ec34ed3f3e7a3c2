/* consent_words: what people write about consent: tags in their description, words to the relay.
 *
 * HTML is read as far as words need it: what stands between < and > is no text; of what it does to
 * the line only so much matters that <span>, <a> and their like stand inside a word, as in
 * Mastodon's
 * `#<span>nobot</span>`, and all others end it. May not know: who asks. */
#include "relay/rules/consent.h"

enum { WORD_SIZE = 16, TAGS_READ = 256 };

/* --- words of HTML ---------------------------------------------------------------------------- */

struct words_of {
    struct span rest;
    char before;          /* the character before the word: '#' of a tag */
    char held;            /* a character that was read, and does not belong to the word; 0: none */
    char text[WORD_SIZE]; /* folded; cut where it is longer than any that counts */
    size_t n;
};

static bool inline_tag(struct span inside)
{
    static const char *const names[] = {"a",      "span", "b",   "i",   "em",
                                        "strong", "u",    "wbr", "bdi", "mark"};
    size_t n = 0;
    if (span_starts(inside, SPAN("/")))
        inside = (struct span){inside.p + 1, inside.n - 1};
    while (n < inside.n && inside.p[n] != ' ' && inside.p[n] != '/' && inside.p[n] != '\n' &&
           inside.p[n] != '\t')
        n++;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq_ci((struct span){inside.p, n}, span_of(names[i])))
            return true;
    return false;
}

static void skip(struct words_of *w, size_t n)
{
    w->rest = (struct span){w->rest.p + n, w->rest.n - n};
}

/* Both ways to write # without writing it. */
static char entity(struct words_of *w)
{
    static const char *const hashes[] = {"&#35;", "&#x23;", "&num;"};
    for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
        struct span name = span_of(hashes[i]);
        if (w->rest.n >= name.n && span_eq_ci((struct span){w->rest.p, name.n}, name)) {
            skip(w, name.n);
            return '#';
        }
    }
    skip(w, 1);
    return '&';
}

/* The next character of the text, 0 at its end; what breaks the line is a blank. */
static char next_char(struct words_of *w)
{
    while (w->rest.n) {
        char c = w->rest.p[0];
        if (c == '&')
            return entity(w);
        if (c != '<') {
            skip(w, 1);
            return c;
        }
        struct span inside = {w->rest.p + 1, w->rest.n - 1};
        ptrdiff_t end = span_find(inside, '>');
        if (end < 0) { /* no tag: text to the end */
            skip(w, 1);
            return ' ';
        }
        inside.n = (size_t)end;
        skip(w, inside.n + 2);
        if (!inline_tag(inside))
            return ' ';
    }
    return 0;
}

/* Letters of other scripts belong to a word too. */
static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

static bool next_word(struct words_of *w)
{
    char c = w->held ? w->held : next_char(w);
    w->before = ' ';
    while (c && !in_word(c)) {
        w->before = c;
        c = next_char(w);
    }
    for (w->n = 0; c && in_word(c); c = next_char(w))
        if (w->n < WORD_SIZE)
            w->text[w->n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    w->held = c;
    return w->n > 0;
}

/* --- what the bio says ------------------------------------------------------------------------ */

static bool refuses(struct span word)
{
    static const char *const words[] = {"nobot", "nobridge", "noindex", "norelay"};
    enum { N = sizeof(words) / sizeof(*words) };
    return span_among(word, words, N) < N;
}

static bool text_refuses(struct span html)
{
    struct words_of w = {.rest = html};
    while (next_word(&w))
        if (w.before == '#' && refuses((struct span){w.text, w.n}))
            return true;
    return false;
}

/* A name may stand there with its # or without. */
static bool tag_refuses(const struct json *tag)
{
    struct span name = json_text(json_get(tag, "name"));
    struct words_of w = {.rest = name};
    if (!activity_is_typed(tag, "Hashtag") || !next_word(&w))
        return false;
    return refuses((struct span){w.text, w.n});
}

bool consent_bio_refuses(const struct json *actor)
{
    const struct json *tags = json_get(actor, "tag");
    const struct json *map = json_get(actor, "summaryMap");
    const struct json *summary;
    const void *at = NULL;
    struct span key;
    bool no = text_refuses(json_text(json_get(actor, "summary")));
    while (!no && json_next(map, &at, &key, &summary))
        no = text_refuses(json_text(summary));
    for (size_t i = 0; !no && i < json_len(tags) && i < TAGS_READ; i++)
        no = tag_refuses(json_at(tags, i));
    return no;
}

/* --- what a post says to the relay ------------------------------------------------------------ */

static bool mentions(const struct json *post, const struct identity *identity)
{
    const struct json *tags = json_get(post, "tag");
    for (size_t i = 0; i < json_len(tags) && i < TAGS_READ; i++) {
        const struct json *tag = json_at(tags, i);
        if (activity_is_typed(tag, "Mention") &&
            document_is_actor(identity, json_text(json_get(tag, "href"))))
            return true;
    }
    return false;
}

static bool says_leave(struct span html)
{
    static const char *const words[] = {"leave", "stop", "optout", "opt-out"};
    enum { N = sizeof(words) / sizeof(*words) };
    struct words_of w = {.rest = html};
    while (next_word(&w))
        if (span_among((struct span){w.text, w.n}, words, N) < N)
            return true;
    return false;
}

enum fact_said consent_mentioned(const struct activity *activity, const struct identity *identity)
{
    const struct json *post = activity_inner(activity->json);
    const struct json *map = json_get(post, "contentMap");
    const struct json *content;
    const void *at = NULL;
    struct span key;
    bool own = activity->type == ACTIVITY_CREATE && json_kind(post) == JSON_OBJECT &&
               span_eq(activity->object_actor, activity->actor);
    if (!own || !mentions(post, identity))
        return FACT_UNKNOWN;
    bool leaves = says_leave(json_text(json_get(post, "content")));
    while (!leaves && json_next(map, &at, &key, &content))
        leaves = says_leave(json_text(content));
    return leaves ? FACT_NO : FACT_YES;
}
