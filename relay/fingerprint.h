/* fingerprint: of the actor's two keys, so that all who work for one relay can tell whether they
 * sign as the same actor. */
#pragma once

#include "keys/key.h"

enum { FINGERPRINT_SIZE = 65 };

/* Of the public halves: the same wherever the keys are. */
void fingerprint(const struct key *rsa, const struct key *ed25519, char ret[FINGERPRINT_SIZE]);
/* Of what lies in a data directory. ERR_FILE or ERR_KEY_REFUSED with a reason in why. */
enum err fingerprint_files(const char *data_dir, struct bytes *why, char ret[FINGERPRINT_SIZE]);
