/* manual_hold: the part of weir(1) on what waits for a person.
 * May not know: which page it stands on. */
#include "relay/manual.h"
#include "relay/roff.h"

void manual_add_holds(struct bytes *out)
{
    roff_section(
        out, "HELD",
        "What a rule holds (weir-policy(7)) waits for a person. Zones that may have it at once get "
        "it at once; for the others it is kept, with its bytes, under a number H. Its sender is "
        "answered 202 either way. `weir hold list` tells what waits, oldest first; `weir hold show "
        "H` what it says (as plain text, each line behind a bar), which hosts it links to, every "
        "fact that a rule may ask for, which zones wait and by which rule. An edit by its author "
        "joins what is held (show tells the newest text, and as revision how often that "
        "happened) and goes to those that have it already; a Delete or Undo by its author, or a "
        "recall, takes it away at once (state deleted). A repeat of the same activity is none "
        "anew, and an Announce of what waits already for the same zones is not held again.\n\n"
        "`weir hold approve H --reason TEXT` decides anew: by the rules, the zones, the members "
        "and what the author says to being relayed as they are then. Zones that would have it, or "
        "would have to wait for a person, get it: first what came first, then the newest edit, "
        "under the same ids as elsewhere. Zones that may not have it any more do not, and the "
        "answer says by which rule; where that is all of them, or its host is no active member, "
        "nothing is done and it waits on (exit 1). With --revision N it is refused with "
        "hold-changed if another edit came since `weir hold show` said N. `weir hold deny H "
        "--reason TEXT` closes it: nobody gets it, and its bytes go. Both are lines of the audit "
        "log.\n\n"
        "At most limits.held activities of limits.held_bytes bytes are held; what comes beyond is "
        "answered 503 (hold-full) for its sender to repeat, and nothing of it is taken. What "
        "nobody decided about within retention.held is closed as expired, with a line in the log "
        "(event hold). What was closed can be seen for 30 days, without its bytes: `weir hold list "
        "--closed`. Metrics: weir_held, weir_held_bytes, weir_holds_closed_total by state.\n\n"
        "API: GET /api/v1/holds?after=H&most=N&closed=yes, GET /api/v1/holds/H, POST "
        "/api/v1/holds/H/approve and /deny with {\"reason\": TEXT, \"revision\": N}.\n");
}
