/* cmd_config: the verbs `weir config` and `weir init`. Both work without a running relay. */
#pragma once

/* argv[0] is the verb. Return the exit code: 0 done, 1 refused or not found, 2 wrong use. */

/* `weir config check [-c FILE] [--json]`: whether the file is right; every mistake with its place,
 * on standard error (with --json: in the object on standard output). 1 if it is not.
 * `weir config explain [-c FILE] [--json]`: every setting, with its value where there is a file. */
int cmd_config(int argc, char **argv);

/* `weir init [DIR] [--url URL]`: DIR (made if need be, default `.`) with a commented weir.yaml, the
 * data directory (0700) and the keys. What is there stays as it is: with a weir.yaml, only missing
 * keys are made where that file says; 1 if there was nothing to do. */
int cmd_init(int argc, char **argv);
