/* restore: puts a backup into a Redis. */
#pragma once

#include "relay/backup_file.h"
#include "relay/offline.h"
#include "relay/rules/audit_note.h"
#include "relay/store/verify.h"

struct restore {
    const char *path; /* of the file */
    bool force;       /* what is in the way goes */
    struct audit_by by;
    struct offline offline;
    struct verify *verify;
    const struct verify_report *report; /* once it was looked through */
    struct bytes *why;
    char digest[BACKUP_DIGEST_SIZE];
    char created[32], owner[512];
    bool keys; /* they are in it */
};

/* Reads the whole file, and every record of it: ERR_FILE if it is damaged, of another version, or
 * of a newer schema; what it holds stands in `report` then. */
enum err restore_look(struct restore *r);
/* Puts it there, with a journal that goes on in another epoch, and writes down in the data
 * directory whose it is. ERR_AGAIN: something is in the way, which takes force; ERR_FILE;
 * ERR_REDIS, ERR_REDIS_REPLY: part of it may be there, and no relay will take that for whole. That
 * it was done, and by whom, is written down in the audit log that was in it. */
enum err restore_put(struct restore *r);
