/* sim_tally: what is counted, to see that it happened. None may be zero in the end. */
#pragma once

#include <stdint.h>

/* Its word, and what it means. */
#define TALLIES(X)                                                                                 \
    X(attempts, "attempts")                                                                        \
    X(arrivals, "arrivals at an inbox")                                                            \
    X(deliveries, "deliveries acknowledged")                                                       \
    X(repeats, "arrivals again")                                                                   \
    X(letters, "letters of direct mail")                                                           \
    X(appended, "activities appended")                                                             \
    X(duplicates, "answered as duplicates")                                                        \
    X(stale, "answered as stale")                                                                  \
    X(full, "answered that there are too many versions")                                           \
    X(recalls, "recalls by an operator")                                                           \
    X(actors_gone, "actors deleted")                                                               \
    X(taken, "entries taken back while they may wait")                                             \
    X(replaced, "Updates replaced while they may wait")                                            \
    X(shrunk, "objects of which less is kept")                                                     \
    X(farewells, "attempts at who has left, of what is taken back")                                \
    X(again_urgent, "Deletes sent again, since it was unknown what arrived")                       \
    X(urgent_pages, "pages read of the urgent lane")                                               \
    X(skips_recalled, "skips of what was taken back")                                              \
    X(skips_replaced, "skips of what was replaced")                                                \
    X(again, "decided again, the member had changed")                                              \
    X(unanswered, "requests of senders without an answer")                                         \
    X(commits, "commits")                                                                          \
    X(pages, "pages read")                                                                         \
    X(pages_failed, "pages that could not be read")                                                \
    X(joins, "joins")                                                                              \
    X(leaves, "leaves")                                                                            \
    X(suspends, "suspensions")                                                                     \
    X(resumes, "resumptions")                                                                      \
    X(zones, "changes of zone")                                                                    \
    X(roles, "changes of role")                                                                    \
    X(expiries, "invitations that ended")                                                          \
    X(removals, "removals")                                                                        \
    X(retries, "orders to retry")                                                                  \
    X(drops, "orders to drop")                                                                     \
    X(wakes, "orders to try a host now")                                                           \
    X(holds, "orders to hold a host")                                                              \
    X(releases, "orders to release one")                                                           \
    X(host_cuts, "orders to give up what waits for one")                                           \
    X(replays, "orders to replay")                                                                 \
    X(back, "cursors that went back for a replay")                                                 \
    X(frozen, "boundaries frozen")                                                                 \
    X(thawed, "boundaries thawed")                                                                 \
    X(kills, "couriers killed")                                                                    \
    X(restarts, "couriers restarted in order")                                                     \
    X(freezes, "couriers frozen")                                                                  \
    X(starts_over, "couriers that started over")                                                   \
    X(resumed, "couriers that went on with what they knew")                                        \
    X(fenced, "beats and commits refused by the fence")                                            \
    X(takeovers, "shards taken over")                                                              \
    X(aborts, "attempts taken back")                                                               \
    X(redis_restarts, "deaths of Redis, nothing lost")                                             \
    X(redis_losses, "deaths of Redis, the newest writes lost")                                     \
    X(lost_lines, "lines that went with these")                                                    \
    X(redis_hangs, "hangs of Redis")                                                               \
    X(redis_refusals, "times when Redis refused writes")                                           \
    X(lost_requests, "requests to Redis lost")                                                     \
    X(lost_replies, "replies of Redis lost")                                                       \
    X(late_requests, "requests that Redis got after their connection had died")                    \
    X(old_commits, "commits out of sequence refused")                                              \
    X(old_epochs, "requests of an old epoch refused")                                              \
    X(clock_forward, "clocks put forward")                                                         \
    X(clock_back, "clocks put back")                                                               \
    X(outages_seconds, "outages of a host under a minute")                                         \
    X(outages_hours, "outages under a day")                                                        \
    X(outages_days, "outages of days and weeks")                                                   \
    X(slow, "answers that took too long, after it was taken")                                      \
    X(lies, "errors answered to what was taken")                                                   \
    X(busy, "429 and 503 with Retry-After")                                                        \
    X(gone, "410")                                                                                 \
    X(poison, "messages that a host does not take")                                                \
    X(dates, "Retry-After as a date")                                                              \
    X(tls, "TLS failures")                                                                         \
    X(certificates, "certificates that are not good")                                              \
    X(dropped, "repeats that a receiver dropped by their id")                                      \
    X(parked, "hosts parked")                                                                      \
    X(probes, "attempts at parked ones")                                                           \
    X(ended, "memberships ended since the inbox is gone")                                          \
    X(uplinks, "outages of our own network")                                                       \
    X(lacks, "times when a courier lacked sockets")                                                \
    X(lacking, "attempts that it could not make")                                                  \
    X(bodies_gone, "attempts of what had no body any more")                                        \
    X(gaps, "gaps")                                                                                \
    X(cuts, "cuts")                                                                                \
    X(skips, "skips")                                                                              \
    X(fails, "deliveries given up")                                                                \
    X(lates, "deliveries at a later attempt")                                                      \
    X(aside, "cursors written with something set aside")                                           \
    X(shut, "Accepts refused for good")                                                            \
    X(trims, "trims")

struct tally {
#define X(name, text) uint64_t name;
    TALLIES(X)
#undef X
};
