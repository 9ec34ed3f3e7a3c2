/* manual_lists: the parts of weir(1) on lists of hosts: those that others read here.
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
