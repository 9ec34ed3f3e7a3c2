/* cmd_policy_replay: the verb `weir policy replay`. */
#pragma once

/* argv[0] is `replay`; see cmd_policy.h. */
int cmd_policy_replay(int argc, char **argv);
