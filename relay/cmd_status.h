/* cmd_status: how the running relay is doing, once or from second to second. */
#pragma once

/* argv[0] is the verb. Exit codes: see ask.h. */
int cmd_status(int argc, char **argv);
