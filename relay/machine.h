/* machine: what this machine, and the data directory on it, is called among all that work for one
 * relay. */
#pragma once

enum { MACHINE_NAME_SIZE = 52 };

/* `HOSTNAME.TAG`: for people, and a tag that is the same after each start, and another one for
 * another data directory or another machine of the same name: two that took each other for earlier
 * starts of themselves would take each other's shards for ever. */
void machine_name(const char *data_dir, char ret[MACHINE_NAME_SIZE]);
