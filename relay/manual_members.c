/* manual_members: what weir(1) says of members and pilots.
 * May not know: what the verbs do. */
#include "relay/manual.h"
#include "relay/roff.h"

static void add_roles(struct bytes *out)
{
    roff_section(
        out, "MEMBERS",
        "A member lives invited, pending, active, suspended, expired, left, removed. `weir member "
        "invite HOST --zone ZONE --until DATE --sponsor MAIL` expects it, and tells what to send "
        "to the other side: what its administrator has to do, by the software it runs, with this "
        "relay's addresses; `weir member show` tells it again until it has followed. A Follow may "
        "be repeated in every state: it is answered again, and changes nothing.\n\n"
        "A member has a role. full: it publishes and receives. publish-only: what it posts goes "
        "where the rules say; it is sent nothing but the answer to its Follow, and the Deletes and "
        "Undos of what it had before it had this role. receive-only: it gets what its zone may "
        "have; what it sends is refused (403 receive-only), but for a Delete or an Undo, so that "
        "it can take back what it posted before. `weir member edit HOST --role ROLE --reason TEXT` "
        "gives it another one, from then on: what came while it only published is not made up for. "
        "A role is kept through everything, also by a member that leaves and comes back. --sponsor "
        "says who answers for it in the company (a mail address), --note what it is for; both "
        "are only shown, and empty takes them away.\n");
}

static void add_pilots(struct bytes *out)
{
    roff_section(
        out, "PILOTS",
        "A pilot is a member or a rule with an end date: `weir member invite HOST --until DATE`, "
        "or "
        "until in a rule. `weir pilot list` names them, the next to end first. A day means its "
        "last moment, in UTC. 30, 7 and 1 days before the end a warning is given, once each, also "
        "where the relay restarts: a line in the log (event pilot), the metric "
        "weir_pilots_ending, and, where pilots.webhook is set, a POST of JSON to that address: "
        "event (pilot-ending), pilot, kind, zone or rule, until, within, sponsor, note, relay, and "
        "text, a line for people. It is tried five times in six minutes, and holds up nothing. A "
        "short pilot is warned of what still lies ahead alone; another end date is warned of "
        "anew.\n\n"
        "At its end a member is expired: its Follow is rejected, our Follow back is undone, what "
        "still waits for it is not sent, what it sends is refused (403 expired). Nothing is "
        "deleted: what was delivered, traced and written down stays. `weir pilot extend HOST "
        "--until DATE --reason TEXT` gives another end; who is expired is invited again then, and "
        "has to follow anew. `weir pilot end` lets it end now, `weir pilot promote` takes the end "
        "away. All three want a reason, and are lines of the audit log. A rule whose end has come "
        "is passed over; it stands in the configuration, so that for `rule:NAME` these verbs say "
        "which line to change, and end with 1.\n");
}

void manual_add_members(struct bytes *out)
{
    add_roles(out);
    add_pilots(out);
}
