/* cmd_explain: the verb `weir explain`. */
#pragma once

/* `weir explain ACTIVITY.json --from HOST [--to HOST|ZONE] [-c FILE] [--json]`; argv[0] is the
 * verb; ACTIVITY.json may be `-` for standard input. Says what would be decided: for every zone,
 * or, with --to, which rule was looked at, why it did not match, which decided, and what the
 * receiver would get. Exit code: 0 where --to, or at least one zone (its own counts), may have it;
 * 1 where it may not go anywhere or is refused, and where a file is not there or not right; 2 wrong
 * use. Needs no running relay, but does without what only that knows, then.
 *
 * `weir explain URL [--from HOST] [--to HOST|ZONE] [-c FILE] [--json]`: the same of an activity or
 * an object that the running relay accepted, with what it knows: the author's document and consent,
 * where that went which it answers, what is frozen, who is a member where, and how. Exit code: also
 * 3 where no relay runs. */
int cmd_explain(int argc, char **argv);
