/* cmd_policy: the verbs `weir policy ...`. */
#pragma once

/* argv[0] is `policy`.
 *
 * `weir policy test DIR [-c FILE] [--json]`: decides the cases (policy_cases.h) of every file of
 * DIR whose name ends in .yaml by the configuration, without a running relay, and prints a line for
 * each. Exit code: 0 where all come out as they say; 1 where one does not, where a file is not
 * right, and where there is no case at all; 2 wrong use.
 *
 * `weir policy replay --since 7d --with NEW.yaml [-c FILE] [--json]`: decides what the running
 * relay accepted since then by NEW.yaml (replay.h), and counts what would have gone another way.
 * Exit code: 0; 1 where NEW.yaml is not right; 2 wrong use; 3 no relay runs. */
int cmd_policy(int argc, char **argv);
