/* manual_authors: of the manual pages, what is about authors: what the verbs do, and what a zone
 * may ask of them. May not know: which verb prints it. */
#include "relay/manual.h"
#include "relay/roff.h"

void manual_add_authors(struct bytes *out)
{
    roff_section(
        out, "AUTHORS",
        "The relay keeps a registry of authors, by the URLs of their actors: who agreed to be "
        "relayed (yes), and who wants nothing to be relayed (no). An author says yes by following "
        "the relay's actor (which an Undo of the Follow forgets) or by mentioning it in a post, "
        "and no by mentioning it in a post that has one of the words leave, stop, optout; such a "
        "post is answered 202 (code consent-changed) and goes nowhere. The post may be for the "
        "relay alone. What was written before what is known already changes nothing.\n\n"
        "`weir author optin ACTOR --reason TEXT`, optout and forget do the same for an author who "
        "asked in another way. `weir author import FILE --member HOST` takes a list of a member's "
        "administrator: a line for each author of that host, URL or URL,yes or URL,no, # before "
        "remarks; a bad line is named, and nothing is taken then. A list takes away nobody's no. "
        "`weir author list [--host HOST]` and `weir author show ACTOR` tell who said what, how and "
        "since when. Of each host at most limits.authors are kept.\n\n"
        "A no is in force when the command, or the sender of the post, has its answer: of this "
        "author nothing more is accepted (403, opted-out), and of what still waits for a member no "
        "new attempt begins; `weir trace` says skipped, opted-out. What is held for a person is "
        "closed. An attempt under way ends, and what a member has it keeps: the author's own "
        "Deletes and Undos pass, also to take that back; an Update follows its object where that "
        "is out. A later yes lets through what is new; what was skipped stays so.\n");
}

void manual_add_consent(struct bytes *out)
{
    roff_section(out, "CONSENT",
                 "A zone may ask its authors before what they post leaves it. Inside, nothing "
                 "changes; a rule may ask there too, by the fact consent.\n");
    roff_item(out, "consent: none", "", "nobody is asked (the default); the fact is missing");
    roff_item(out, "consent: opt-out", "", "who says nothing has agreed");
    roff_item(out, "consent: opt-in", "", "who says nothing has not");
    roff_section(
        out, "WHO AGREED",
        "The first that says anything counts: what the relay was told (weir(1), AUTHORS); the "
        "actor's document, where its summary or its tags have #nobot, #nobridge, #noindex or "
        "#norelay in any case of letters: no; the actor's document, where it says indexable: yes; "
        "then the zone. Documents are kept for a day, so what changes there is seen that much "
        "later. Of a post that a relay of a member announces to its followers, the author is who "
        "wrote it; of that one's document nothing is known.\n\n"
        "Where an author has not agreed, no other zone gets the activity, whatever the rules say, "
        "and none holds it either: consent-missing. If no zone is left, that is what its sender "
        "is told (403). A no that the relay was told itself stops everything of the author, "
        "inside as well, in zones that ask nobody too: opted-out.\n");
}
