/* serve: `weir serve`: the roles in one process, from start to stop. */
#pragma once

/* argv[0] is the verb. Returns the exit code: 0 stopped as asked, 1 refused to start (the reason is
 * on standard error), 2 wrong use. */
int cmd_serve(int argc, char **argv);
