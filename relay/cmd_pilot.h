/* cmd_pilot: members and rules with an end date. */
#pragma once

/* `weir pilot ...`; argv[0] is the verb. Exit codes as everywhere: 0 done, 1 refused or not found,
 * 2 wrong use, 3 the server can't be reached. */
int cmd_pilot(int argc, char **argv);
