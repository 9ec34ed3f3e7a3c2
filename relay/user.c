/* user: who does something, for the audit log.
 * May not know: what is done. */
#include "relay/user.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENTRY_MAX = 16384 };

void user_name(int64_t uid, char ret[AUDIT_WHO_SIZE])
{
    struct passwd entry;
    struct passwd *found = NULL;
    char *text = mem_new(ENTRY_MAX);
    bool named = getpwuid_r((uid_t)uid, &entry, text, ENTRY_MAX, &found) == 0 && found &&
                 *found->pw_name && span_copy(span_of(found->pw_name), ret, AUDIT_WHO_SIZE);
    if (!named)
        snprintf(ret, AUDIT_WHO_SIZE, "uid %" PRId64, uid);
    free(text);
}

bool user_reason(struct span text, struct audit_by *ret)
{
    bool ok = span_copy(text, ret->reason, sizeof(ret->reason));
    for (const char *c = ret->reason; ok && *c; c++)
        ok = (unsigned char)*c >= ' ' && *c != 0x7f;
    return ok;
}

bool user_by(const char *reason, struct audit_by *ret)
{
    *ret = (struct audit_by){.via = "cli"};
    user_name(getuid(), ret->who);
    return user_reason(span_of(reason), ret);
}
