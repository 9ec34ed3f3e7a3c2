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

void manual_add_members(struct bytes *out)
{
    add_roles(out);
}
