/* replace: another text in the place of a file that is in use. */
#pragma once

#include "common/pure/bytes.h"

/* Puts text in the place of the file, which whoever reads it finds whole at any moment, before or
 * after, also after a power cut; owner and mode stay. The file as it was is kept as `PATH.before`,
 * in the place of what was called so. path: not a symbolic link. False: nothing is changed, but
 * perhaps PATH.before; why says what went wrong. */
bool replace_file(const char *path, struct span text, struct bytes *why);
/* Puts `PATH.before` back; then there is none. */
bool replace_undo(const char *path, struct bytes *why);
