/* disk: what can befall the disk of a redis-server, put in front of it by LD_PRELOAD.
 *
 * DISK_FILE names a file of 8 bytes, which the test writes and we read at every call:
 *
 *     int32 eio    not 0: fsync and fdatasync fail with EIO
 *     int32 full   not 0: writes to an append-only file fail with ENOSPC
 *
 * DISK_NOTES names a directory: a file in there, of the name of each file that was synced, holds
 * how long that was when the sync began. What lies behind it is gone when the power is.
 *
 * May not know: what is in the files. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct control {
    int32_t eio, full;
};

static const volatile struct control *control(void)
{
    static const volatile struct control *found;
    static const struct control nothing;
    const char *path = getenv("DISK_FILE");
    int fd = found || !path ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        void *at = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED)
            found = at;
        close(fd);
    }
    return found ? found : &nothing;
}

/* --- files ----------------------------------------------------------------------------------- */

/* Its path; false where it has none. */
static int path_of(int fd, char *ret, size_t size)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, ret, size - 1);
    if (n <= 0)
        return 0;
    ret[n] = '\0';
    return ret[0] == '/';
}

static void note(int fd, off_t size)
{
    char path[4096], file[8192], text[32];
    const char *notes = getenv("DISK_NOTES");
    if (!notes || !path_of(fd, path, sizeof(path)))
        return;
    snprintf(file, sizeof(file), "%s/%s", notes, strrchr(path, '/') + 1);
    int to = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0)
        return;
    int n = snprintf(text, sizeof(text), "%020lld\n", (long long)size);
    if (pwrite(to, text, (size_t)n, 0) != n)
        abort();
    close(to);
}

typedef int (*sync_fn)(int fd);

static int sync_with(const char *name, int fd)
{
    struct stat st;
    sync_fn real;
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(&real, &found, sizeof(real));
    int known = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (known && control()->eio) {
        errno = EIO;
        return -1;
    }
    int rc = real(fd);
    if (rc == 0 && known)
        note(fd, st.st_size);
    return rc;
}

int fsync(int fd)
{
    return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_with("fdatasync", fd);
}

ssize_t write(int fd, const void *data, size_t n)
{
    char path[4096];
    if (control()->full && path_of(fd, path, sizeof(path)) && strstr(path, ".aof")) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, data, n);
}
