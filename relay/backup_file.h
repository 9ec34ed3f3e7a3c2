/* backup_file: a backup as one file.
 *
 *     weir backup 1           the format's version
 *     records                 [kind, name, expires, value], as Redis writes answers (RESP)
 *     sha256 HEX              of everything before
 *
 * Kinds: `head` (about the file; value: name, value, ...), `file` (a file of the data directory),
 * those of relay/store/holdings.h, and `end`, the last. It is 0600: it may hold keys. */
#pragma once

#include "common/io/redis_resp.h"
#include "keys/digest.h"

enum { BACKUP_DIGEST_SIZE = 2 * SHA256_SIZE + 1 };

struct backup_out;
/* Begins a file beside path. ERR_FILE with a reason in why. */
enum err backup_begin(const char *path, struct bytes *why, struct backup_out **ret);
/* A record whose value is given as bytes (see redis_resp.h), or as text. What goes wrong is told by
 * backup_end(). */
void backup_add(struct backup_out *out, const char *kind, struct span name, int64_t expires_ms,
                const struct redis_reply *value);
void backup_add_text(struct backup_out *out, const char *kind, struct span name, struct span text);
void backup_add_list(struct backup_out *out, const char *kind, const struct span *words, size_t n);
/* Writes it out to the disk, and puts it in the place of path; or, abandoned, leaves no trace.
 * Clears the pointer. ret_digest: of the file; ret_size: its length. */
enum err backup_end(struct backup_out **out, struct bytes *why, char ret_digest[BACKUP_DIGEST_SIZE],
                    uint64_t *ret_size);
void backup_abandon(struct backup_out **out);

struct backup_record {
    struct span kind, name;
    int64_t expires_ms;
    const struct redis_reply *value;
};
/* Whether the file is whole, and of a version that this program reads: every byte is looked at.
 * ERR_FILE with a reason in why. */
enum err backup_check(const char *path, struct bytes *why, char ret_digest[BACKUP_DIGEST_SIZE]);
/* Its records, of one that was checked. ERR_FILE; or what cb answered, if it is not ERR_OK. */
typedef enum err (*backup_cb)(void *arg, const struct backup_record *record);
enum err backup_read(const char *path, struct bytes *why, backup_cb cb, void *arg);
