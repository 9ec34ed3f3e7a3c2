/* world: what a process finds outside of itself: names and who vouches for certificates. Loaded
 * before the C library (LD_PRELOAD).
 *
 * NAMES_FILE: `name address [address...]` a line, read anew for each question; a name that ends in
 * .test is looked for there and nowhere else. Where the file is gone, no name server answers.
 * TRUST_FILE: is read where the system's bundle of certificates is asked for, whether it is there
 * or not.
 *
 * May not know: Weir. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ADDRESSES = 4, LINE_SIZE = 512 };

static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";

/* dlsym gives an object's address; what stands there is a function. */
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* --- names -------------------------------------------------------------------------------------
 */

typedef int (*look_up)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static bool is_ours(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    return n > 5 && strcmp(name + n - 5, ".test") == 0;
}

static struct addrinfo *add(struct addrinfo *before, const char *address, const char *port,
                            const struct addrinfo *hints, look_up plain)
{
    struct addrinfo wanted = hints ? *hints : (struct addrinfo){0}, *found = NULL, *last = before;
    wanted.ai_flags |= AI_NUMERICHOST;
    if (plain(address, port, &wanted, &found) != 0)
        return before; /* of a family that was not asked for */
    while (last && last->ai_next)
        last = last->ai_next;
    if (last)
        last->ai_next = found;
    return before ? before : found;
}

int getaddrinfo(const char *restrict name, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    union {
        void *found;
        look_up plain;
    } real = {.found = next("getaddrinfo")};
    const char *names = getenv("NAMES_FILE");
    if (!names || !is_ours(name))
        return real.plain(name, port, hints, ret);
    char line[LINE_SIZE], *rest = NULL;
    FILE *file = fopen(names, "re");
    *ret = NULL;
    if (!file)
        return EAI_AGAIN;
    while (!*ret && fgets(line, sizeof line, file)) {
        const char *word = strtok_r(line, " \n", &rest);
        bool same = word && strcmp(word, name) == 0;
        while (same && (word = strtok_r(NULL, " \n", &rest)))
            *ret = add(*ret, word, port, hints, real.plain);
    }
    (void)fclose(file);
    return *ret ? 0 : EAI_NONAME;
}

/* --- certificates ------------------------------------------------------------------------------
 */

typedef FILE *(*opens)(const char *, const char *);

static const char *instead(const char *path)
{
    const char *other = getenv("TRUST_FILE");
    return other && strcmp(path, bundle) == 0 ? other : path;
}

FILE *fopen(const char *restrict path, const char *restrict how)
{
    union {
        void *found;
        opens plain;
    } real = {.found = next("fopen")};
    return real.plain(instead(path), how);
}

FILE *fopen64(const char *restrict path, const char *restrict how)
{
    return fopen(path, how);
}

int access(const char *path, int how)
{
    return (int)syscall(SYS_faccessat, AT_FDCWD, instead(path), how);
}
