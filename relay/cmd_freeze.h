/* cmd_freeze: boundaries that are closed for a while. */
#pragma once

/* As main() has them. */
int cmd_freeze(int argc, char **argv);
