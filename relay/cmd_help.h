/* cmd_help: `weir help` and `weir version`. Both work without a configuration. */
#pragma once

/* argv[0] is the verb. Exit codes: 0 done, 1 refused or not found, 2 wrong
 * use, 3 the server can't be reached. */
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);
