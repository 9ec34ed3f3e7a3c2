/* verbs: the one table of what `weir` can be asked. It dispatches, prints `weir help`, and feeds
 * the manual. */
#pragma once

#include "common/pure/bytes.h"

/* clang-format off */
/*    words             function      options                                        prose */
#define VERBS_TABLE(X) \
    X("init",            cmd_init,     "[DIR] [--url URL]",                           "write a commented configuration and keys") \
    X("serve",           cmd_serve,    "[--workers N] [--role ROLE,...]",             "run the relay in the foreground; N couriers, 0: all in one process; --role: only front, courier or steward, other machines do the rest") \
    X("status",          cmd_status,   "[--watch]",                                   "how the running relay is doing; --watch: from second to second") \
    X("config check",    cmd_config,   "",                                            "whether the configuration is right, with the place of every mistake") \
    X("config explain",  cmd_config,   "",                                            "every setting with its bounds, default and value") \
    X("config diff",     cmd_config,   "NEW.yaml",                                    "what another file would change: settings, zones, rules, in plain words") \
    X("config apply",    cmd_config,   "NEW.yaml --reason TEXT",                      "put it in place, and have the running relay go by it") \
    X("reload",          cmd_reload,   "[--reason TEXT]",                             "make the running relay read its configuration anew (as SIGHUP does)") \
    X("member list",     cmd_member,   "",                                            "all members") \
    X("member show",     cmd_member,   "HOST",                                        "one member, with its health") \
    X("member invite",   cmd_member,   "HOST [--zone ZONE] [--until DATE] [--role ROLE] [--sponsor MAIL] [--note TEXT] [--reason TEXT]", "let a host join; its membership may carry an end date; tells what to do there") \
    X("member edit",     cmd_member,   "HOST [--role full|publish-only|receive-only] [--sponsor MAIL] [--note TEXT] --reason TEXT", "what it is here for, who answers for it, what is noted beside it") \
    X("member accept",   cmd_member,   "HOST --reason TEXT",                          "let a host in that waits for approval") \
    X("member reject",   cmd_member,   "HOST --reason TEXT",                          "refuse it, and say so on the wire") \
    X("member suspend",  cmd_member,   "HOST --reason TEXT",                          "close the gate for a while; what it is owed waits") \
    X("member resume",   cmd_member,   "HOST [--reason TEXT]",                        "open it again") \
    X("member remove",   cmd_member,   "HOST [--reason TEXT]",                        "end a membership, and say so on the wire") \
    X("pilot list",      cmd_pilot,    "",                                            "members and rules with an end date, the next to end first") \
    X("pilot extend",    cmd_pilot,    "HOST --until DATE --reason TEXT",             "another end; who is expired is invited again, and has to follow anew") \
    X("pilot end",       cmd_pilot,    "HOST --reason TEXT",                          "let it end now, and say so on the wire; nothing is deleted") \
    X("pilot promote",   cmd_pilot,    "HOST --reason TEXT",                          "no end any more: it stays") \
    X("author list",     cmd_author,   "[--host HOST]",                               "authors of whom the relay knows whether they want to be relayed") \
    X("author show",     cmd_author,   "ACTOR",                                       "what one said, how, and since when; ACTOR: the URL of its actor") \
    X("author optin",    cmd_author,   "ACTOR --reason TEXT",                         "it agreed to be relayed") \
    X("author optout",   cmd_author,   "ACTOR --reason TEXT",                         "it wants nothing to be relayed, also of what waits") \
    X("author forget",   cmd_author,   "ACTOR --reason TEXT",                         "forget what it said: what its zone says holds again") \
    X("author import",   cmd_author,   "FILE --member HOST [--reason TEXT]",          "a member's own list: a URL a line, or URL,yes or URL,no") \
    X("trace",           cmd_trace,    "ACTIVITY | OBJECT | HOST",                    "which member got it, when, at which attempt; or why not") \
    X("queue list",      cmd_queue,    "",                                            "who has not everything yet, since when, and why") \
    X("queue show",      cmd_queue,    "HOST",                                        "one destination, with what came of the latest attempts") \
    X("queue retry",     cmd_queue,    "HOST [--reason TEXT]",                        "try it now, also if it is parked") \
    X("queue hold",      cmd_queue,    "HOST [--reason TEXT]",                        "send it nothing for now; what it is owed waits") \
    X("queue release",   cmd_queue,    "HOST [--reason TEXT]",                        "send again") \
    X("queue drop",      cmd_queue,    "HOST [--reason TEXT]",                        "give up what waits for it now; that is recorded") \
    X("replay",          cmd_replay,   "HOST --since 2h | --from N [--reason TEXT]",  "send it once more what it had since then, under the same ids") \
    X("recall",          cmd_recall,   "OBJECT --reason TEXT",                        "take an object back; tells, member by member, what to expect") \
    X("hold list",       cmd_hold,     "[--closed] [--after H]",                      "what waits for a person to decide, oldest first; --closed: what was decided, newest first; --after: what comes behind this one") \
    X("hold show",       cmd_hold,     "H",                                           "one of these: what it says, why it is held, and for whom") \
    X("hold approve",    cmd_hold,     "H --reason TEXT [--revision N]",              "send it, as far as the rules of today let it; --revision: only if no edit came since `hold show` said N") \
    X("hold deny",       cmd_hold,     "H --reason TEXT [--revision N]",              "nobody gets it") \
    X("freeze",          cmd_freeze,   "\"FROM -> TO\" --reason TEXT [--for 2h]",    "let nothing cross this boundary until it is thawed: what comes is held, what waits already stays; * stands for any other zone") \
    X("freeze list",     cmd_freeze,   "",                                            "which boundaries are frozen, and what waits behind them") \
    X("thaw",            cmd_freeze,   "\"FROM -> TO\" --reason TEXT",               "open a frozen boundary again: what waited goes out, what it held is decided anew") \
    X("dead list",       cmd_dead,     "[--before ID]",                               "what was given up, newest first; --before: what comes behind this one in the list") \
    X("dead show",       cmd_dead,     "ID",                                          "one of these, with what the receiver said") \
    X("dead retry",      cmd_dead,     "ID [--reason TEXT]",                          "try it again") \
    X("dead drop",       cmd_dead,     "ID [--reason TEXT]",                          "leave it at that") \
    X("audit list",      cmd_audit,    "[--since 7d | --last N]",                     "who changed what, and why: the last 50 lines of the audit log, or those since then") \
    X("audit verify",    cmd_audit,    "[FILE] [--head LINE:HASH]",                   "whether each line is as it was written, here or in what was exported; --head: also the one whose hash was kept elsewhere") \
    X("audit export",    cmd_audit,    "[FILE]",                                      "all lines as they are, one a line, to a new file or standard output") \
    X("list import",     cmd_list,     "FILE --as block|allow [--zone ZONE] [--reason TEXT]", "read a list of others (a host a line, or CSV as Mastodon exports it): its hosts are proposals, nothing is done yet") \
    X("list proposals",  cmd_list,     "",                                            "what lists propose, and which") \
    X("list confirm",    cmd_list,     "HOST | all --reason TEXT",                    "do what is proposed: block shuts a host out, allow invites it") \
    X("list dismiss",    cmd_list,     "HOST | all --reason TEXT",                    "take a proposal away") \
    X("report",          cmd_report,   "[--month 2026-11]",                           "a month for a sponsor, as Markdown: who posted, what crossed, what did not and why, how long it took; default: this month") \
    X("backup",          cmd_backup,   "FILE [--with-keys]",                          "a copy of all that it holds, as of one moment, while it works or not") \
    X("restore",         cmd_restore,  "FILE [--force] [--reason TEXT]",              "put a backup back; --force: in the place of what is there") \
    X("verify",          cmd_verify,   "[FILE]",                                      "whether what it holds, or a backup, is whole") \
    X("journal adopt",   cmd_journal,  "[--force] [--reason TEXT]",                   "make the journal in Redis this relay's; --force: begin one there") \
    X("explain",         cmd_explain,  "ACTIVITY.json | URL --from HOST [--to HOST | ZONE]", "which rule decides where an activity may go") \
    X("policy test",     cmd_policy,   "DIR",                                         "decide the cases of every .yaml file there, and say which come out otherwise") \
    X("policy replay",   cmd_policy,   "--since 7d --with NEW.yaml",                  "what would have crossed by another file, and what would not, counted from the journal") \
    X("sig canonicalize", cmd_sig,     "[options]",                                   "the exact text that a request's signature covers") \
    X("sig sign",        cmd_sig,      "--key FILE --key-id URL [options]",           "sign a request from standard input") \
    X("sig verify",      cmd_sig,      "--key FILE [options]",                        "verify a request from standard input") \
    X("help",            cmd_help,     "[settings | metrics | problems | verbs]",     "this, one of the tables, or with --man a manual page") \
    X("version",         cmd_version,  "",                                            "the version")
/* clang-format on */

/* The overview, or one of the tables (`settings`, `metrics`, `problems`, `verbs`) with prose;
 * names_only: one name a line. False if there is no such table. */
bool help_write(const char *table, bool names_only, struct bytes *out);
/* How one verb is used: all rows that start with the word. */
void help_usage(const char *word, struct bytes *out);
