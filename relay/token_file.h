/* token_file: the secret that somebody must name to be let in, in a file of its own. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

enum { TOKEN_LEAST = 16, TOKEN_MOST = 512 };

/* Adds the token to out. The file holds it alone: 16 to 512 printable ASCII characters, then at
 * most white space; it is a regular file that nobody but its owner may read. path: as in the
 * configuration; a relative one starts at dir. ERR_FILE with a reason in why, which never holds any
 * of the token. Reads the file each time: another token needs no reload. */
enum err token_file_read(const char *path, const char *dir, struct bytes *out, struct bytes *why);
