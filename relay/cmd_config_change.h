/* cmd_config_change: the verbs `weir config diff` and `weir config apply`. */
#pragma once

/* argv[0] is `diff`: `weir config diff NEW.yaml [-c FILE] [--json]` says what NEW.yaml would change
 * of FILE, which need not be in force: whether it is, is said where a relay runs. Exit code: 0
 * where both are right, whatever differs; 1 where one is not; 2 wrong use. */
int cmd_config_diff(int argc, char **argv);
/* argv[0] is `apply`: `weir config apply NEW.yaml --reason TEXT [-c FILE] [--json]`: says the same,
 * puts NEW.yaml in the place of FILE (which is kept as FILE.before) and has the running relay read
 * it. What can't be changed without a restart, or is not right, is refused before anything is
 * touched; where the relay refuses the file, the one before is put back. Exit code: 0 the relay
 * goes by it; 1 refused, or some process does not answer; 2 wrong use; 3 no relay runs there. */
int cmd_config_apply(int argc, char **argv);
