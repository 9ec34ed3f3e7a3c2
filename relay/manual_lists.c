/* manual_lists: the parts of weir(1) on lists of hosts, those that others read here and
 * those of others, and on reports.
 * May not know: which page they stand on. */
#include "relay/manual.h"
#include "relay/roff.h"

void manual_add_lists(struct bytes *out)
{
    roff_section(
        out, "LISTS OF MEMBERS",
        "Servers that federate only with hosts on a list can read that list here. A zone with "
        "publish: token or publish: public gives the hosts of its active members at "
        "URL/zones/NAME/members.txt (a host a line), members.csv (with the head #domain, as "
        "Mastodon imports it under Federation) and members.json (as GoToSocial subscribes to it), "
        "in alphabetical order. A zone that does not publish one is answered 404, as one that is "
        "not there.\n\n"
        "publish: token wants token_file: a file of mode 0600 that holds one word of 16 to 512 "
        "characters; who asks names it as Authorization: Bearer TOKEN, and is answered 401 "
        "otherwise. The file is read each time: write another token into it, and the one before "
        "is worth nothing. A file that can't be used is said by `weir config check` and in the "
        "log, and answered 503. Every answer has an ETag; whoever sends it back as If-None-Match "
        "is told 304 while nothing has changed. A list may be five seconds old. While Redis is "
        "away the answer is 503, never an empty list.\n");
}

void manual_add_reports(struct bytes *out)
{
    roff_section(
        out, "REPORTS",
        "`weir report` writes a month for a sponsor: members by zone and state, as they are today; "
        "members and authors that posted, by zone and week; posts, replies and shares by boundary, "
        "those inside a zone, too; what was refused, by boundary and reason; deliveries with their "
        "median and 95 percent time from acceptance; what carries an end date, and who answers for "
        "it. In the API: GET "
        "/api/v1/reports/2026-11, and 2026-11.md for the same in Markdown. Months and weeks "
        "are UTC; a week begins on Monday and is told whole, in each month that it has a day "
        "in.\n\n"
        "What is new is counted when it is accepted: an edit or a deletion is none. What is held, "
        "or waits behind a freeze, stands with its reason among what did not cross; once a person "
        "approves it, or a thaw lets it go, it has crossed then, too. A refusal "
        "stands with its boundary where a rule, a freeze or an author's choice stopped it, or one "
        "side let it out and the other did not take it; with the zone alone where a whole request "
        "was refused. A boundary of which no rule speaks is no refusal. Authors and members of a "
        "week are counted without keeping who they are (a HyperLogLog for each zone and week: "
        "estimates, good to about 1 percent). Times are told as the class that they fall into: "
        "within 2.5 s.\n\n"
        "Each process counts in memory and writes every five seconds, and when it stops: one that "
        "is killed loses its last seconds, and so does a Redis that goes away while it is told. "
        "Counts are kept for 25 months with something in them; the oldest goes first. They are "
        "part "
        "of a backup.\n");
}

void manual_add_proposals(struct bytes *out)
{
    roff_section(
        out, "LISTS FROM ELSEWHERE",
        "`weir list import FILE --as block` (or allow) reads a list of somebody else: a host a "
        "line, with comments behind a #, or CSV with a column domain, as Mastodon exports it; at "
        "most 4 MiB and 20,000 lines. Of a list of blocks, rows whose severity is another than "
        "suspend are left out: they are less than a block. What is no host is named with its line; "
        "a name with a star in it is none. Each host is a proposal then, at most 10,000 in all, "
        "one "
        "for each host (a later list replaces it), and nothing is done yet.\n\n"
        "`weir list confirm HOST` (or all) does what is proposed, one member after the other, and "
        "`weir list dismiss` takes it away; both want --reason TEXT. block puts the host out, "
        "whether it is a member or not, with a Reject of its Follow, and leaves a record in the "
        "state removed, so that it cannot join; it is about this host, not those below it. allow "
        "invites it, into --zone ZONE or the zone that its name fits. Who is a member already "
        "stays "
        "as it is, and the proposal goes. Who was removed or expired is not let in again among "
        "all: confirm it by its name. `weir member invite` takes a block back.\n");
}
