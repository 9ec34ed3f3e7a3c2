/* machine: the host's name, and a tag from what the system knows of it and of the directory.
 * May not know: what is named by it. */
#include "relay/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/digest.h"

enum { HOST_MAX = 40, TAG_DIGITS = 8 };

/* What a name may hold that stands between others: the rest becomes a dash. */
static void clean(char *name)
{
    for (char *p = name; *p; p++)
        if (span_find(SPAN("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"),
                      *p) < 0)
            *p = '-';
}

static void add_machine_id(struct bytes *out)
{
    char text[64];
    FILE *f = fopen("/etc/machine-id", "re");
    if (!f)
        return;
    bytes_add(out, (struct span){text, fread(text, 1, sizeof(text), f)});
    fclose(f);
}

void machine_name(const char *data_dir, char ret[MACHINE_NAME_SIZE])
{
    char host[256] = "machine";
    char digest[2 * SHA256_SIZE + 1];
    struct stat st = {0};
    struct bytes of;
    bytes_init(&of, 1024);
    if (gethostname(host, sizeof(host)) != 0 || !host[0])
        memcpy(host, "machine", sizeof("machine"));
    host[sizeof(host) - 1] = '\0';
    add_machine_id(&of);
    (void)stat(data_dir, &st); /* without it nothing starts */
    bytes_addf(&of, "\n%s\n%" PRIu64 " %" PRIu64, host, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    sha256_hex(bytes_span(&of), digest);
    clean(host);
    snprintf(ret, MACHINE_NAME_SIZE, "%.*s.%.*s", HOST_MAX, host, TAG_DIGITS, digest);
    bytes_fini(&of);
}
