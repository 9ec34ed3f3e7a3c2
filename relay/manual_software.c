/* manual_software: the section of weir(1) about the software of members, from its table.
 * May not know: which member runs what. */
#include "relay/manual.h"
#include "relay/roff.h"
#include "relay/rules/software.h"

static void add_family(struct bytes *out, const struct software *s)
{
    struct bytes text;
    bytes_init(&text, 4096);
    software_write_how(s, SPAN("https://relay.example"), SPAN("relay.example"), &text);
    bytes_addf(&text, ". With its author's Delete it %s; with the Undo of our Announce it %s.",
               software_effect_words(s->on_delete), software_effect_words(s->on_undo));
    roff_item(out, s->title, s->members[0] ? s->members : NULL, bytes_str(&text));
    bytes_fini(&text);
}

void manual_add_software(struct bytes *out)
{
    roff_section(
        out, "SOFTWARE OF MEMBERS",
        "Whoever joins, comes back or is invited is asked what software it runs (NodeInfo), and "
        "once in a while again (the setting fetch.software; 0: never): without a signature, and "
        "only where the networks of its zone allow it. The name is kept with the member, shown by "
        "`weir member show`, a fact for rules (weir-policy(7)), and what `weir recall` goes by: "
        "its report says what goes to each member now, and what the author's own Delete would do "
        "there. A post that came with a proof of its own went to Mastodon's kind as its author's "
        "bytes: no relay can take that back, and its author's Delete can. Elsewhere our Announce "
        "is undone, and what a server fetched meanwhile is between it and the author's server. "
        "None of this proves that anything was deleted.\n");
    for (size_t i = 0; software_at(i); i++)
        add_family(out, software_at(i));
    add_family(out, software_of(SPAN_NONE));
}
