/* cmd_backup: a copy of all that a relay holds, and what is done with it. */
#pragma once

/* argv[0] is the verb. Exit codes: see ask.h. */
int cmd_backup(int argc, char **argv);  /* `weir backup FILE` */
int cmd_restore(int argc, char **argv); /* `weir restore FILE` */
int cmd_verify(int argc, char **argv);  /* `weir verify [FILE]` */
int cmd_journal(int argc, char **argv); /* `weir journal adopt` */
