/* identity: two lines in a file: the journal's id, and the newest epoch.
 * May not know: what Redis says of it. */
#include "relay/store/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void identity_load(const char *path, struct identity_kept *ret)
{
    char text[STORE_ID_SIZE + 24];
    FILE *f = fopen(path, "re");
    *ret = (struct identity_kept){0};
    if (!f && errno == ENOENT)
        return;
    struct span rest = {text, f ? fread(text, 1, sizeof(text), f) : 0};
    if (f)
        fclose(f);
    struct span id = span_cut(&rest, '\n');
    if (!id.n || !span_copy(id, ret->id, sizeof(ret->id)))
        span_copy(SPAN("unreadable"), ret->id, sizeof(ret->id));
    if (!rest.p || !span_u64(span_cut(&rest, '\n'), INT64_MAX, &ret->epoch))
        ret->epoch = 0;
}

bool identity_save(const char *path, const struct identity_kept *kept)
{
    char temporary[4200];
    if (snprintf(temporary, sizeof(temporary), "%s.new-%d", path, (int)getpid()) >=
        (int)sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *f = fopen(temporary, "we");
    if (!f)
        return false;
    bool ok = fprintf(f, "%s\n%" PRIu64 "\n", kept->id, kept->epoch) > 0 && fflush(f) == 0 &&
              fsync(fileno(f)) == 0;
    ok = fclose(f) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok)
        unlink(temporary);
    return ok;
}
