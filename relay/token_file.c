/* token_file: reads and judges a secret's file. Nothing is kept.
 * May not know: who asks, what the secret opens. */
#include "relay/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, FILE_MOST = 2 * TOKEN_MOST };

static enum err bad(const char *path, const char *reason, struct bytes *why)
{
    bytes_addf(why, "%s: %s", path, reason);
    return ERR_FILE;
}

static const char *file_wrong(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not a file";
    if (st.st_mode & 077)
        return "others can read or change it: it must have mode 0600";
    return NULL;
}

static const char *text_wrong(struct span token)
{
    if (token.n < TOKEN_LEAST || token.n > TOKEN_MOST)
        return "a token has 16 to 512 characters";
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] > '~')
            return "a token is one word of printable ASCII characters";
    return NULL;
}

static struct span without_end(const char *text, size_t n)
{
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    return (struct span){text, n};
}

enum err token_file_read(const char *path, const char *dir, struct bytes *out, struct bytes *why)
{
    char whole[PATH_SIZE], text[FILE_MOST + 1];
    bool absolute = path[0] == '/';
    snprintf(whole, sizeof(whole), "%s%s%s", absolute ? "" : dir, absolute ? "" : "/", path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return bad(whole, strerror(errno), why);
    const char *wrong = file_wrong(fd);
    ssize_t n = wrong ? 0 : read(fd, text, FILE_MOST);
    if (n < 0)
        wrong = strerror(errno);
    close(fd);
    struct span token = without_end(text, n > 0 ? (size_t)n : 0);
    if (!wrong)
        wrong = text_wrong(token);
    if (!wrong)
        bytes_add(out, token);
    explicit_bzero(text, sizeof(text));
    return wrong ? bad(whole, wrong, why) : ERR_OK;
}
