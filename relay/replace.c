/* replace: writes beside the file, then changes names: the last step alone is seen by others.
 *
 *     PATH.new-XXXXXX written -> PATH.before (a second name of PATH) -> PATH.new-XXXXXX becomes
 * PATH
 *
 * May not know: what the file says. */
#include "relay/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 8192 };

static bool failed(const char *path, struct bytes *why)
{
    bytes_addf(why, "%s: %s", path, strerror(errno));
    return false;
}

static bool write_all(int fd, struct span text)
{
    size_t done = 0;
    while (done < text.n) {
        ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Owner and mode of the file that it is to replace; whose it is changes only where it must. */
static bool dress(int fd, const struct stat *as)
{
    struct stat st;
    return fstat(fd, &st) == 0 &&
           ((st.st_uid == as->st_uid && st.st_gid == as->st_gid) ||
            fchown(fd, as->st_uid, as->st_gid) == 0) &&
           fchmod(fd, as->st_mode & 07777) == 0;
}

static bool sync_directory(const char *path)
{
    char *copy = mem_copy(span_of(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    free(copy);
    errno = reason;
    return ok;
}

/* The file's second name; what had it before gives it up in the same moment. */
static bool keep(const char *path, const char *before)
{
    struct bytes temp;
    bytes_init(&temp, PATH_SIZE);
    bytes_addf(&temp, "%s-%ld", before, (long)getpid());
    unlink(bytes_str(&temp));
    bool ok = link(path, bytes_str(&temp)) == 0 && rename(bytes_str(&temp), before) == 0;
    int reason = errno;
    if (!ok)
        unlink(bytes_str(&temp));
    /* Two names of one file already: rename() does nothing then, and leaves both. */
    unlink(bytes_str(&temp));
    bytes_fini(&temp);
    errno = reason;
    return ok;
}

bool replace_file(const char *path, struct span text, struct bytes *why)
{
    struct stat st;
    struct bytes temp, before;
    bytes_init(&temp, PATH_SIZE);
    bytes_init(&before, PATH_SIZE);
    bytes_addf(&temp, "%s.new-XXXXXX", path);
    bytes_addf(&before, "%s.before", path);
    int fd = lstat(path, &st) == 0 ? mkostemp(temp.p, O_CLOEXEC) : -1;
    bool made = fd >= 0;
    bool ok = made && write_all(fd, text) && dress(fd, &st) && fsync(fd) == 0 &&
              keep(path, bytes_str(&before)) && rename(bytes_str(&temp), path) == 0;
    int reason = errno;
    if (made)
        close(fd);
    if (made && !ok)
        unlink(bytes_str(&temp));
    errno = reason;
    ok = ok && sync_directory(path);
    if (!ok)
        failed(path, why);
    bytes_fini(&temp);
    bytes_fini(&before);
    return ok;
}

bool replace_undo(const char *path, struct bytes *why)
{
    struct bytes before;
    bytes_init(&before, PATH_SIZE);
    bytes_addf(&before, "%s.before", path);
    bool ok = rename(bytes_str(&before), path) == 0 && sync_directory(path);
    bytes_fini(&before);
    return ok || failed(path, why);
}
