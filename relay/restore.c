/* restore: looks a backup through, looks at what is in the way, and puts it back.
 *
 *     file whole? -> every record -> Redis empty? our journal? our keys? -> keys -> Redis ->
 * identity
 *
 * May not know: what a command line looks like. */
#include "relay/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/json.h"
#include "relay/names.h"
#include "relay/store/audit.h"
#include "relay/store/identity.h"
#include "relay/store/refill.h"

enum { FILE_MOST = 65536, PATH_SIZE = 8192 };

static bool is_key(struct span name)
{
    return span_eq_str(name, KEY_FILE_RSA) || span_eq_str(name, KEY_FILE_ED25519);
}

/* False if it is about the file, or one of the data directory. */
static bool holding_of(const struct backup_record *record, struct holding *ret)
{
    *ret = (struct holding){holding_kind_by_name(record->kind), record->name, record->expires_ms,
                            record->value};
    return ret->kind < HOLDING_KIND_COUNT;
}

/* --- looking ---------------------------------------------------------------------------------- */

static enum err look_at(void *arg, const struct backup_record *record)
{
    struct restore *r = arg;
    struct holding h;
    if (holding_of(record, &h))
        return verify_take(r->verify, &h);
    if (span_eq_str(record->kind, "head")) {
        span_copy(reply_text(reply_field(record->value, "created")), r->created,
                  sizeof(r->created));
        span_copy(reply_text(reply_field(record->value, "owner")), r->owner, sizeof(r->owner));
        return ERR_OK;
    }
    if (span_eq_str(record->kind, "file") && is_key(record->name)) {
        r->keys = true;
        return ERR_OK;
    }
    bytes_addf(r->why, "%s: a newer version of Weir wrote it: it holds %.*s", r->path,
               SPAN_ARG(record->kind));
    return ERR_FILE;
}

enum err restore_look(struct restore *r)
{
    enum err e = backup_check(r->path, r->why, r->digest);
    r->verify = verify_new(sha256_hex);
    if (e == ERR_OK)
        e = backup_read(r->path, r->why, look_at, r);
    r->report = verify_end(r->verify);
    if (e == ERR_OK && r->report->schema > STORE_SCHEMA) {
        bytes_addf(r->why,
                   "%s: a newer version of Weir wrote it: its schema is %" PRIu64
                   ", this one reads up to %d",
                   r->path, r->report->schema, STORE_SCHEMA);
        e = ERR_FILE;
    }
    return e;
}

/* --- keys ------------------------------------------------------------------------------------- */

static void path_of(const struct restore *r, struct span name, struct bytes *ret)
{
    bytes_init(ret, PATH_SIZE);
    bytes_addf(ret, "%s/%.*s", r->offline.config->data_dir, SPAN_ARG(name));
}

/* Another key than the one that is there: the members know that one. */
static enum err look_at_key(void *arg, const struct backup_record *record)
{
    struct restore *r = arg;
    struct bytes path;
    struct bytes text;
    struct bytes none;
    if (!span_eq_str(record->kind, "file"))
        return ERR_OK;
    path_of(r, record->name, &path);
    bytes_init(&text, FILE_MOST);
    bytes_init(&none, PATH_SIZE);
    bool other = access(bytes_str(&path), F_OK) == 0 &&
                 (config_text(bytes_str(&path), &text, &none) != ERR_OK ||
                  !span_eq(bytes_span(&text), reply_text(record->value)));
    if (other)
        bytes_addf(r->why, "%s is another key than the one in the backup: --force replaces it",
                   bytes_str(&path));
    bytes_fini(&path);
    bytes_fini(&text);
    bytes_fini(&none);
    return other ? ERR_AGAIN : ERR_OK;
}

/* Whole, or as it was before. */
static enum err write_key(const struct restore *r, const char *path, struct span text)
{
    struct bytes beside;
    bytes_init(&beside, PATH_SIZE);
    bytes_addf(&beside, "%s.new", path);
    unlink(bytes_str(&beside));
    int fd = open(bytes_str(&beside), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    ok = ok && rename(bytes_str(&beside), path) == 0;
    if (!ok)
        bytes_addf(r->why, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    bytes_fini(&beside);
    return ok ? ERR_OK : ERR_FILE;
}

/* --- what is in the way ----------------------------------------------------------------------- */

static enum err in_the_way(struct restore *r, const struct identity_kept *kept)
{
    size_t n = 0;
    const char *url = r->offline.config->set.url;
    enum err e = holdings_count(r->offline.redis, 1, r->why, &n);
    if (e != ERR_OK || r->force)
        return e;
    if (r->report->findings_n)
        bytes_addf(r->why,
                   "what the backup holds is not whole (`weir verify %s` says what): --force "
                   "puts it back as it is",
                   r->path);
    else if (r->report->owner[0] && strcmp(r->report->owner, url) != 0)
        bytes_addf(r->why, "the backup is of %s, and this relay is %s: --force puts it here",
                   r->report->owner, url);
    else if (n)
        bytes_add_str(r->why, "this Redis is not empty: --force replaces what Weir holds there");
    else if (kept->id[0] && strcmp(kept->id, r->report->id) != 0)
        bytes_addf(r->why,
                   "the backup holds another journal than the one that %s names: --force puts it "
                   "in its place",
                   r->offline.journal_file);
    else
        return backup_read(r->path, r->why, look_at_key, r);
    return ERR_AGAIN;
}

/* --- putting it back -------------------------------------------------------------------------- */

struct putting {
    struct restore *restore;
    struct refill refill;
};

static enum err put(void *arg, const struct backup_record *record)
{
    struct putting *p = arg;
    struct holding h;
    if (holding_of(record, &h))
        return refill_put(&p->refill, &h);
    if (!span_eq_str(record->kind, "file"))
        return ERR_OK;
    struct bytes path;
    path_of(p->restore, record->name, &path);
    enum err e = write_key(p->restore, bytes_str(&path), reply_text(record->value));
    bytes_fini(&path);
    return e;
}

/* The head of the audit log that goes, as JSON: its lines are not in the one that comes. */
static void read_replaced(struct restore *r, struct bytes *out)
{
    struct span line;
    struct bytes why;
    struct json *json = NULL;
    static const struct json_limits limits = {8, 128, 512};
    char hash[AUDIT_HASH_SIZE];
    int64_t n = 0;
    bytes_init(&why, PATH_SIZE);
    bool there = audit_newest_plain(r->offline.redis, &line, &why) == ERR_OK && line.n &&
                 json_read(line, &limits, &json) == ERR_OK && json_int(json_get(json, "n"), &n);
    if (there) {
        sha256_hex(line, hash);
        bytes_addf(out, "{\"audit\":%" PRId64 ",\"head\":\"%s\"}", n, hash);
    }
    json_free(&json);
    bytes_fini(&why);
}

static enum err write_down(struct restore *r, struct span replaced)
{
    struct bytes after;
    struct bytes text;
    struct json_writer w;
    bytes_init(&after, PATH_SIZE);
    bytes_init(&text, AUDIT_NOTE_MAX);
    json_begin(&w, &after);
    json_open(&w, '{');
    json_member(&w, "created", span_of(r->created));
    json_member(&w, "sha256", span_of(r->digest));
    json_close(&w, '}');
    const struct audit_note note = {.by = &r->by,
                                    .verb = "restore",
                                    .target = span_of(r->path),
                                    .before = replaced,
                                    .after = bytes_span(&after),
                                    .now_ms = clock_wall_ms()};
    audit_write(&note, &text);
    enum err e = audit_add_plain(r->offline.redis, bytes_span(&text), r->why);
    bytes_fini(&after);
    bytes_fini(&text);
    return e;
}

enum err restore_put(struct restore *r)
{
    struct identity_kept kept;
    struct putting p = {r, {.redis = r->offline.redis, .why = r->why}};
    struct bytes replaced;
    bytes_init(&replaced, PATH_SIZE);
    identity_load(r->offline.journal_file, &kept);
    enum err e = in_the_way(r, &kept);
    if (e == ERR_OK)
        read_replaced(r, &replaced);
    if (e == ERR_OK)
        e = refill_begin(&p.refill, kept.epoch, r->force);
    if (e == ERR_OK)
        e = backup_read(r->path, r->why, put, &p);
    if (e == ERR_OK)
        e = refill_end(&p.refill, span_of(r->offline.config->set.url), &kept.epoch);
    if (e == ERR_OK)
        e = write_down(r, bytes_span(&replaced));
    bytes_fini(&replaced);
    if (e != ERR_OK)
        return e;
    span_copy(span_of(r->report->id), kept.id, sizeof(kept.id));
    if (identity_save(r->offline.journal_file, &kept))
        return ERR_OK;
    bytes_addf(r->why, "%s: %s", r->offline.journal_file, strerror(errno));
    return ERR_FILE;
}
