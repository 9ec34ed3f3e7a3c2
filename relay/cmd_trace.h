/* cmd_trace: what became of an activity, an object's entries, or a member's mail. */
#pragma once

/* argv[0] is the verb. Exit codes: see ask.h. */
int cmd_trace(int argc, char **argv);
int cmd_recall(int argc, char **argv); /* `weir recall OBJECT --reason TEXT` */
