/* software: the table of programs, and how to look things up in it.
 *
 * What stands in it was read in the programs' sources or seen on the wire (PROTOCOL 2.6, 8.1 to
 * 8.3). Mastodon and Misskey take the post itself from a relay's Announce and keep no Announce, so
 * its Undo finds nothing there. May not know: which member runs what.
 */
#include "relay/rules/software.h"

static const struct software families[] = {
    {"Mastodon", "mastodon hometown fedibird kmyblue", SOFTWARE_BY_INBOX,
     "Preferences, Administration, Relays, Add new relay: paste {inbox} and save", SOFTWARE_DELETES,
     SOFTWARE_KEEPS},
    {"Misskey", "misskey sharkey firefish calckey foundkey iceshrimp cherrypick", SOFTWARE_BY_INBOX,
     "Control panel, Relays, Add relay: paste {inbox}", SOFTWARE_DELETES, SOFTWARE_KEEPS},
    {"Hollo", "hollo", SOFTWARE_BY_INBOX, "Where it asks for a relay: paste {inbox}",
     SOFTWARE_DELETES, SOFTWARE_UNDONE},
    {"Pleroma, Akkoma", "pleroma akkoma rebased", SOFTWARE_BY_ACTOR,
     "On the server: mix pleroma.relay follow {actor}", SOFTWARE_REFUSES, SOFTWARE_UNDONE},
    {"Mobilizon", "mobilizon", SOFTWARE_BY_ACTOR,
     "Administration, Federation, Follow a new instance: {authority}", SOFTWARE_REFUSES,
     SOFTWARE_UNDONE},
    {"GoToSocial", "gotosocial", SOFTWARE_BY_ACTOR,
     "Settings, Administration, Relay subscriptions: {actor}", SOFTWARE_KEEPS, SOFTWARE_UNDONE},
    {"Friendica", "friendica", SOFTWARE_BY_ACTOR, "On the server: bin/console relay add {actor}",
     SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
    {"NodeBB", "nodebb", SOFTWARE_BY_ACTOR, "Admin control panel, Federation, Relays: add {actor}",
     SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
    {"snac", "snac snac2", SOFTWARE_BY_ACTOR,
     "On the server: let the user relay follow {actor} (snac follow BASEDIR relay {actor})",
     SOFTWARE_UNKNOWN, SOFTWARE_UNDONE},
    {"WordPress", "wordpress", SOFTWARE_NEVER,
     "It can send to a relay, but not follow one, and a member has to follow: it can't join",
     SOFTWARE_NONE, SOFTWARE_NONE},
    {"Lemmy", "lemmy", SOFTWARE_NEVER, "It has no setting for relays: it can't join",
     SOFTWARE_REFUSES, SOFTWARE_UNKNOWN},
    {"Pixelfed, PeerTube", "pixelfed peertube", SOFTWARE_NEVER,
     "It has no setting for relays: it can't join", SOFTWARE_UNKNOWN, SOFTWARE_UNKNOWN},
};
enum { FAMILIES = sizeof(families) / sizeof(*families) };

/* FEP-ae0c: who knows relays at all follows one actor or the other. */
static const struct software others = {"other software",
                                       "",
                                       SOFTWARE_BY_ACTOR,
                                       "If it asks for a relay's inbox: {inbox}. Otherwise let the "
                                       "server follow the relay's actor: {actor}",
                                       SOFTWARE_UNKNOWN,
                                       SOFTWARE_UNDONE};

static const char *const effect_names[] = {
#define X(name, text, words) [SOFTWARE_##name] = (text),
    SOFTWARE_EFFECTS(X)
#undef X
};

static const char *const effect_words[] = {
#define X(name, text, words) [SOFTWARE_##name] = (words),
    SOFTWARE_EFFECTS(X)
#undef X
};

const char *software_effect_name(enum software_effect effect)
{
    return effect_names[effect];
}

const char *software_effect_words(enum software_effect effect)
{
    return effect_words[effect];
}

enum software_effect software_effect_by_name(struct span name)
{
    return (enum software_effect)span_among(name, effect_names, SOFTWARE_EFFECT_COUNT);
}

const struct software *software_at(size_t i)
{
    return i < FAMILIES ? &families[i] : NULL;
}

static bool is_of(const struct software *family, struct span name)
{
    struct span rest = span_of(family->members);
    while (rest.p)
        if (span_eq_ci(span_cut(&rest, ' '), name))
            return true;
    return false;
}

const struct software *software_of(struct span name)
{
    for (size_t i = 0; name.n && i < FAMILIES; i++)
        if (is_of(&families[i], name))
            return &families[i];
    return &others;
}

static enum software_effect by_style(const struct software *software, enum member_style style,
                                     bool has_proof)
{
    return has_proof && style == STYLE_PUBLIC ? software->on_delete : software->on_undo;
}

enum software_effect software_deletion(const struct software *software, const struct member *member,
                                       bool has_proof)
{
    enum software_effect best = SOFTWARE_EFFECT_COUNT;
    if (member->farewell.url[0])
        best = by_style(software, member->farewell.style, has_proof);
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++) {
        const struct member_inbox *inbox = &member->inboxes[i];
        enum software_effect effect = by_style(software, inbox->style, has_proof);
        if (inbox->url[0] && effect < best)
            best = effect;
    }
    return best == SOFTWARE_EFFECT_COUNT ? SOFTWARE_KEEPS : best;
}

/* False if the text does not begin with a word in braces. */
static bool write_word(struct span text, struct span url, struct span authority, struct bytes *out,
                       size_t *ret_used)
{
    static const struct span words[] = {{"{inbox}", 7}, {"{actor}", 7}, {"{authority}", 11}};
    size_t i = 0;
    while (i < 3 && !span_starts(text, words[i]))
        i++;
    if (i == 3)
        return false;
    *ret_used = words[i].n;
    bytes_add(out, i == 2 ? authority : url);
    if (i < 2)
        bytes_add_str(out, i ? "/actor" : "/inbox");
    return true;
}

void software_write_how(const struct software *software, struct span url, struct span authority,
                        struct bytes *out)
{
    struct span rest = span_of(software->how);
    while (rest.n) {
        size_t used = 1;
        if (!write_word(rest, url, authority, out, &used))
            bytes_add_char(out, *rest.p);
        rest = (struct span){rest.p + used, rest.n - used};
    }
}
