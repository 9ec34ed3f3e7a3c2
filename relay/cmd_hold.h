/* cmd_hold: what waits for a person to decide. */
#pragma once

/* argv[0] is the verb. Exit codes: see ask.h. */
int cmd_hold(int argc, char **argv); /* `weir hold ...` */
