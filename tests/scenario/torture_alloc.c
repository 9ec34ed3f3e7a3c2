/* torture_alloc: malloc and its kin for the torture's programs: each call that a machine makes, or
 * a library on its behalf, is a chance to fail.
 *
 * They stand before the sanitizer's (or libc's) own, which do the work; json-c, libcurl, libidn2,
 * OpenSSL and libc itself find these too, since the program comes first in the order in which names
 * are looked up. Whose call it is, the return address tells. May not know: what is tested. */
#include "tests/scenario/torture_alloc.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/fake_mishap.h"

void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *p, size_t size) __attribute__((weak));
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

/* Called before the sanitizer has begun. */
#define PLAIN __attribute__((no_sanitize("address", "undefined")))

enum { RANGES_MAX = 32 };
static struct range {
    uintptr_t from, to;
    enum mishap mishap;
} ranges[RANGES_MAX];
static size_t ranges_n;
static bool armed;

static const struct {
    const char *library;
    enum mishap mishap;
} libraries[] = {{"libjson-c.", MISHAP_LIBRARY}, {"libcurl", MISHAP_LIBRARY},
                 {"libidn2.", MISHAP_LIBRARY},   {"libunistring.", MISHAP_LIBRARY},
                 {"libc.", MISHAP_LIBRARY},      {"libcrypto.", MISHAP_CRYPTO}};

static enum mishap mishap_by_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash ? slash + 1 : name;
    if (!*file) /* the program itself */
        return MISHAP_ALLOCATION;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
        if (strncmp(file, libraries[i].library, strlen(libraries[i].library)) == 0)
            return libraries[i].mishap;
    return MISHAP_NONE;
}

static int on_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    enum mishap mishap = mishap_by_name(info->dlpi_name);
    (void)size, (void)arg;
    for (size_t i = 0; mishap != MISHAP_NONE && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || ranges_n == RANGES_MAX)
            continue;
        uintptr_t from = info->dlpi_addr + part->p_vaddr;
        ranges[ranges_n++] = (struct range){from, from + part->p_memsz, mishap};
    }
    return 0;
}

void torture_alloc_begin(void)
{
    if (!ranges_n)
        dl_iterate_phdr(on_module, NULL);
    armed = true;
}

void torture_alloc_end(void)
{
    armed = false;
}

bool torture_in_library(uintptr_t code)
{
    for (size_t i = 0; i < ranges_n; i++)
        if (ranges[i].from <= code && code < ranges[i].to)
            return ranges[i].mishap == MISHAP_LIBRARY;
    return false;
}

PLAIN static bool fails(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; armed && i < ranges_n; i++) {
        if (ranges[i].from > at || at >= ranges[i].to)
            continue;
        if (!mishap_now(ranges[i].mishap))
            return false;
        errno = ENOMEM;
        return true;
    }
    return false;
}

PLAIN static void *take(size_t size)
{
    return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

PLAIN void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : take(size);
}

PLAIN void *calloc(size_t n, size_t size)
{
    if (fails(__builtin_return_address(0)))
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

PLAIN void *realloc(void *p, size_t size)
{
    if (fails(__builtin_return_address(0)))
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(p, size) : __libc_realloc(p, size);
}

/* The sanitizer's own would not come by above. */
PLAIN char *strndup(const char *text, size_t most)
{
    size_t n = strnlen(text, most);
    char *copy = fails(__builtin_return_address(0)) ? NULL : take(n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

PLAIN char *strdup(const char *text)
{
    size_t n = strlen(text);
    char *copy = fails(__builtin_return_address(0)) ? NULL : take(n + 1);
    if (copy)
        memcpy(copy, text, n + 1);
    return copy;
}
