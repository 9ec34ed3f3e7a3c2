/* cmd_member: the verbs that talk to the running relay over its admin socket. */
#pragma once

/* argv[0] is the verb. Exit codes: 0 done, 1 refused or not found, 2 wrong use, 3 the server can't
 * be reached. */
int cmd_member(int argc, char **argv); /* `weir member ...` */
int cmd_reload(int argc, char **argv); /* `weir reload` */
