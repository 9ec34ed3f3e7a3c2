/* backup_file: writes and reads a backup, and sees to it that a damaged one is not taken for whole.
 * May not know: what the records mean. */
#include "relay/backup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RECORD_MAX = 512 * 1024 * 1024,
    CHUNK = 64 * 1024,
    TAIL = sizeof("sha256 ") + 2 * SHA256_SIZE
};

static const char magic[] = "weir backup ";
static const char version[] = "1";

/* --- writing ---------------------------------------------------------------------------------- */

struct backup_out {
    FILE *file;
    char *path, *beside;
    struct sha256_run *run;
    struct bytes text; /* of the record at hand */
    uint64_t records, size;
    bool failed;
    int error; /* of the first thing that went wrong */
};

static void put(struct backup_out *out, struct span bytes)
{
    sha256_more(out->run, bytes);
    out->size += bytes.n;
    if (out->failed || fwrite(bytes.p, 1, bytes.n, out->file) == bytes.n)
        return;
    out->failed = true;
    out->error = errno;
}

enum err backup_begin(const char *path, struct bytes *why, struct backup_out **ret)
{
    struct bytes beside;
    bytes_init(&beside, 8192);
    bytes_addf(&beside, "%s.new-%d", path, (int)getpid());
    *ret = NULL;
    int fd = open(bytes_str(&beside), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        bytes_addf(why, "%s: %s", bytes_str(&beside), strerror(errno));
        if (fd >= 0)
            close(fd);
        bytes_fini(&beside);
        return ERR_FILE;
    }
    struct backup_out *out = mem_new(sizeof(*out));
    out->file = file;
    out->path = mem_copy(span_of(path));
    out->beside = bytes_take(&beside);
    out->run = sha256_begin();
    bytes_init(&out->text, RECORD_MAX);
    put(out, span_of(magic));
    put(out, span_of(version));
    put(out, SPAN("\n"));
    *ret = out;
    return ERR_OK;
}

static void begin_record(struct backup_out *out, const char *kind, struct span name,
                         int64_t expires_ms)
{
    resp_add_list(&out->text, 4);
    resp_add_text(&out->text, span_of(kind));
    resp_add_text(&out->text, name);
    resp_add_int(&out->text, expires_ms);
    out->records++;
}

static void end_record(struct backup_out *out)
{
    if (out->text.over && !out->failed) {
        out->failed = true;
        out->error = EFBIG;
    }
    put(out, bytes_span(&out->text));
    bytes_clear(&out->text);
}

void backup_add(struct backup_out *out, const char *kind, struct span name, int64_t expires_ms,
                const struct redis_reply *value)
{
    begin_record(out, kind, name, expires_ms);
    reply_write(value, &out->text);
    end_record(out);
}

void backup_add_text(struct backup_out *out, const char *kind, struct span name, struct span text)
{
    begin_record(out, kind, name, 0);
    resp_add_text(&out->text, text);
    end_record(out);
}

void backup_add_list(struct backup_out *out, const char *kind, const struct span *words, size_t n)
{
    begin_record(out, kind, SPAN(""), 0);
    resp_add_list(&out->text, n);
    for (size_t i = 0; i < n; i++)
        resp_add_text(&out->text, words[i]);
    end_record(out);
}

/* The new name must outlast a power cut, too. */
static bool sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct span directory = slash ? (struct span){path, (size_t)(slash - path) + 1} : SPAN(".");
    char *name = mem_copy(directory);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(name);
    return ok;
}

static void out_free(struct backup_out *out)
{
    char digest[BACKUP_DIGEST_SIZE];
    if (out->run)
        sha256_end(&out->run, digest);
    if (out->file)
        fclose(out->file);
    bytes_fini(&out->text);
    free(out->path);
    free(out->beside);
    free(out);
}

void backup_abandon(struct backup_out **out)
{
    if (!*out)
        return;
    unlink((*out)->beside);
    out_free(*out);
    *out = NULL;
}

enum err backup_end(struct backup_out **given, struct bytes *why,
                    char ret_digest[BACKUP_DIGEST_SIZE], uint64_t *ret_size)
{
    struct backup_out *out = *given;
    begin_record(out, "end", SPAN(""), 0);
    resp_add_int(&out->text, (int64_t)out->records);
    end_record(out);
    sha256_end(&out->run, ret_digest);
    bool ok = !out->failed && fprintf(out->file, "sha256 %s\n", ret_digest) > 0 &&
              fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
    ok = fclose(out->file) == 0 && ok;
    out->file = NULL;
    ok = ok && rename(out->beside, out->path) == 0 && sync_directory(out->path);
    *ret_size = out->size + TAIL;
    if (!ok) {
        bytes_addf(why, "%s: %s", out->path, strerror(out->failed ? out->error : errno));
        backup_abandon(given);
        return ERR_FILE;
    }
    out_free(out);
    *given = NULL;
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum err damaged(const char *path, const char *what, struct bytes *why)
{
    bytes_addf(why, "%s: %s", path, what);
    return ERR_FILE;
}

/* The file, behind its first line; *ret_left: bytes up to the checksum. NULL: said why. */
static FILE *open_backup(const char *path, struct bytes *why, uint64_t *ret_left,
                         struct sha256_run *run)
{
    struct stat st;
    char line[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (!f) {
        damaged(path, strerror(errno), why);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    bool ours = fgets(line, sizeof(line), f) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    struct span said = span_of(ours ? line : "");
    ours = ours && span_starts(said, span_of(magic)) && span_ends(said, SPAN("\n"));
    struct span format =
        ours ? (struct span){said.p + sizeof(magic) - 1, said.n - sizeof(magic)} : SPAN_NONE;
    if (!ours)
        damaged(path, "this is no backup of Weir", why);
    else if (!span_eq_str(format, version))
        damaged(path, "this backup is of another version of Weir", why);
    else if ((uint64_t)st.st_size < said.n + TAIL)
        damaged(path, "this backup is cut short", why);
    else {
        if (run)
            sha256_more(run, said);
        *ret_left = (uint64_t)st.st_size - said.n - TAIL;
        return f;
    }
    fclose(f);
    return NULL;
}

enum err backup_check(const char *path, struct bytes *why, char ret_digest[BACKUP_DIGEST_SIZE])
{
    char tail[TAIL + 1] = "";
    char wanted[TAIL + 1];
    uint64_t left = 0;
    struct sha256_run *run = sha256_begin();
    char *chunk = mem_new(CHUNK);
    FILE *f = open_backup(path, why, &left, run);
    bool whole = f != NULL;
    while (whole && left) {
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        whole = fread(chunk, 1, n, f) == n;
        sha256_more(run, (struct span){chunk, n});
        left -= n;
    }
    sha256_end(&run, ret_digest);
    free(chunk);
    if (!f)
        return ERR_FILE;
    whole = whole && fread(tail, 1, TAIL, f) == TAIL;
    fclose(f);
    snprintf(wanted, sizeof(wanted), "sha256 %s\n", ret_digest);
    return whole && strcmp(tail, wanted) == 0
               ? ERR_OK
               : damaged(path, "this backup is damaged: its checksum is another", why);
}

static enum err tell(const struct redis_reply *reply, uint64_t *records, bool *ended, backup_cb cb,
                     void *arg)
{
    struct backup_record record = {reply_text(reply_at(reply, 0)), reply_text(reply_at(reply, 1)),
                                   reply_int(reply_at(reply, 2)), reply_at(reply, 3)};
    if (reply_len(reply) != 4 || !record.kind.n || *ended)
        return ERR_FILE;
    if (!span_eq_str(record.kind, "end")) {
        ++*records;
        return cb(arg, &record);
    }
    *ended = (uint64_t)reply_int(record.value) == *records + 1;
    return *ended ? ERR_OK : ERR_FILE;
}

enum err backup_read(const char *path, struct bytes *why, backup_cb cb, void *arg)
{
    uint64_t left = 0;
    uint64_t records = 0;
    bool ended = false;
    bool sound = true;
    FILE *f = open_backup(path, why, &left, NULL);
    if (!f)
        return ERR_FILE;
    enum err e = ERR_OK;
    struct resp_reader *reader = resp_reader_new();
    char *chunk = mem_new(CHUNK);
    while (e == ERR_OK && sound && left) {
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        const struct redis_reply *reply = NULL;
        sound = fread(chunk, 1, n, f) == n;
        resp_reader_feed(reader, (struct span){chunk, sound ? n : 0});
        left -= n;
        sound = sound && resp_reader_next(reader, &reply);
        while (e == ERR_OK && sound && reply) {
            e = tell(reply, &records, &ended, cb, arg);
            sound = resp_reader_next(reader, &reply);
        }
    }
    if ((e == ERR_OK && (!sound || !ended)) || (e == ERR_FILE && !why->n))
        e = damaged(path, "this backup can't be read", why);
    free(chunk);
    resp_reader_free(&reader);
    fclose(f);
    return e;
}
