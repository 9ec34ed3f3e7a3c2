/* documents_page: the page that a browser gets: what this relay is and how to join it, by software.
 *
 * A text with names in braces, which are replaced by what they stand for; braces around anything
 * else stay (the style sheet is full of them). Everything put in is escaped. No script, nothing
 * from elsewhere; the style is one element, so that a content security policy can name its hash.
 * May not know: who looks at it. */
#include "relay/rules/documents.h"

static const char page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>{name}: a relay</title>\n"
    "<style>"
    ":root{color-scheme:light dark}"
    "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}"
    "code{overflow-wrap:anywhere;font-size:1em;font-weight:600}"
    "dt{font-weight:600;margin-top:1rem}"
    "dd{margin-left:1.5rem}"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<main>\n"
    "<h1>{name}</h1>\n"
    "<p>This is a relay for servers that speak ActivityPub: blogs, wikis, forums, photo and video\n"
    "sites, social networks. A server that is a member hands its public posts to the relay; the\n"
    "relay hands them on to the other members, as far as its rules allow. Posts that are not\n"
    "addressed to the public are never passed on. {members}</p>\n"
    "<h2>How to join</h2>\n"
    "<p>The administrator of a server joins it, once for everybody there. Who may join, and\n"
    "whether at once, after approval or by invitation only, is for the operator of this relay to\n"
    "say. A request that is refused is answered with the reason.</p>\n"
    "<dl>\n"
    "<dt>Mastodon and its relatives</dt>\n"
    "<dd>Preferences, Administration, Relays, &ldquo;Add new relay&rdquo;. Paste\n"
    "<code>{url}/inbox</code> and save.</dd>\n"
    "<dt>Misskey, Sharkey, Iceshrimp and their relatives</dt>\n"
    "<dd>Control panel, Relays, &ldquo;Add relay&rdquo;. Paste <code>{url}/inbox</code>.</dd>\n"
    "<dt>Hollo and others that are built on Fedify</dt>\n"
    "<dd>Where the server asks for a relay, give <code>{url}/inbox</code>.</dd>\n"
    "<dt>Akkoma, Pleroma</dt>\n"
    "<dd>On the server, <code>mix pleroma.relay follow {url}/actor</code>.</dd>\n"
    "<dt>GoToSocial, Friendica, NodeBB</dt>\n"
    "<dd>Let the server follow the relay&rsquo;s actor, <code>{url}/actor</code>.</dd>\n"
    "<dt>WordPress, and others that only send posts to a relay</dt>\n"
    "<dd>A sender has to be a member, and becomes one by following the relay. Software that sends\n"
    "without following can&rsquo;t join this version.</dd>\n"
    "<dt>Your own software</dt>\n"
    "<dd>Send a signed <code>Follow</code> of the public collection,\n"
    "<code>https://www.w3.org/ns/activitystreams#Public</code>, or of the relay&rsquo;s actor, to\n"
    "<code>{url}/inbox</code> and wait for the <code>Accept</code>. Then send what is public to "
    "the same inbox, signed by its\n"
    "author.</dd>\n"
    "</dl>\n"
    "<h2>For machines</h2>\n"
    "<p>The relay&rsquo;s actor is <code>{url}/actor</code>, its account\n"
    "<code>@relay@{authority}</code>. It signs what it sends with the key in that document.</p>\n"
    "</main>\n"
    "<footer><p>Weir {version}</p></footer>\n"
    "</body>\n"
    "</html>\n";

static void add_escaped(struct bytes *out, struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&': bytes_add_str(out, "&amp;"); break;
        case '<': bytes_add_str(out, "&lt;"); break;
        case '>': bytes_add_str(out, "&gt;"); break;
        case '"': bytes_add_str(out, "&quot;"); break;
        case '\'': bytes_add_str(out, "&#39;"); break;
        default: bytes_add_char(out, text.p[i]); break;
        }
    }
}

static void add_members(struct bytes *out, int64_t members)
{
    if (members == 1)
        bytes_add_str(out, "It has 1 member now.");
    else if (members >= 0)
        bytes_addf(out, "It has %lld members now.", (long long)members);
}

/* What a name stands for; false if it is not one of ours. */
static bool add_value(const struct identity *id, int64_t members, struct span name,
                      struct bytes *out)
{
    if (span_eq(name, SPAN("members")))
        add_members(out, members);
    else if (span_eq(name, SPAN("name")))
        add_escaped(out, id->name);
    else if (span_eq(name, SPAN("url")))
        add_escaped(out, id->url);
    else if (span_eq(name, SPAN("authority")))
        add_escaped(out, id->authority);
    else if (span_eq(name, SPAN("version")))
        add_escaped(out, id->version);
    else
        return false;
    return true;
}

void document_page(const struct identity *id, int64_t members, struct bytes *out)
{
    struct span rest = SPAN(page);
    while (rest.n) {
        ptrdiff_t open = span_find(rest, '{');
        size_t plain = open < 0 ? rest.n : (size_t)open;
        bytes_add(out, (struct span){rest.p, plain});
        rest = (struct span){rest.p + plain, rest.n - plain};
        if (!rest.n)
            return;
        ptrdiff_t close = span_find(rest, '}');
        struct span name = {rest.p + 1, close < 1 ? 0 : (size_t)close - 1};
        size_t used = name.n + 2;
        if (close < 1 || !add_value(id, members, name, out)) {
            bytes_add_char(out, '{');
            used = 1;
        }
        rest = (struct span){rest.p + used, rest.n - used};
    }
}
