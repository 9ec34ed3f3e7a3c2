/* cmd_queue: what waits, and what was given up. */
#pragma once

/* argv[0] is the verb. Exit codes: see ask.h. */
int cmd_queue(int argc, char **argv);  /* `weir queue ...` */
int cmd_replay(int argc, char **argv); /* `weir replay HOST` */
int cmd_dead(int argc, char **argv);   /* `weir dead ...` */
