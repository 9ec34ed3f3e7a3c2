/* cmd_backup: `weir backup FILE`: all that Weir holds in Redis, as of one moment, while it works or
 * not, in one file; with it, if asked, the relay's keys.
 *
 * What is written is looked through meanwhile, as `weir verify` does.
 * May not know: how a backup is put back. */
#include "relay/cmd_backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/backup_file.h"
#include "relay/holdings_view.h"
#include "relay/names.h"
#include "relay/offline.h"
#include "relay/snapshot.h"

enum { FILE_MOST = 65536 };

struct backup {
    const char *path;
    bool keys, as_json;
    struct offline offline;
    struct snapshot snapshot;
    struct backup_out *out;
    struct verify *verify;
    char digest[BACKUP_DIGEST_SIZE];
    uint64_t size;
};

static enum err keep(void *arg, const struct holding *h)
{
    struct backup *b = arg;
    backup_add(b->out, holding_kind_name(h->kind), h->key, h->expires_ms, h->value);
    return verify_take(b->verify, h);
}

static void add_head(const struct backup *b)
{
    char created[DATE_ISO_SIZE];
    date_iso_write(clock_wall_ms(), created);
    const struct span words[] = {SPAN("weir"),    SPAN(WEIR_VERSION),
                                 SPAN("created"), span_of(created),
                                 SPAN("owner"),   span_of(b->offline.config->set.url),
                                 SPAN("keys"),    b->keys ? SPAN("1") : SPAN("0")};
    backup_add_list(b->out, "head", words, sizeof(words) / sizeof(*words));
}

/* A file of the data directory. */
static enum err add_file(const struct backup *b, const char *name, struct bytes *why)
{
    struct bytes path;
    struct bytes text;
    bytes_init(&path, 8192);
    bytes_init(&text, FILE_MOST);
    bytes_addf(&path, "%s/%s", b->offline.config->data_dir, name);
    enum err e = config_text(bytes_str(&path), &text, why);
    if (e == ERR_OK)
        backup_add_text(b->out, "file", span_of(name), bytes_span(&text));
    bytes_fini(&path);
    bytes_fini(&text);
    return e;
}

static enum err write_all(struct backup *b, struct bytes *why)
{
    add_head(b);
    enum err e = ERR_OK;
    if (b->keys)
        e = add_file(b, KEY_FILE_RSA, why);
    if (b->keys && e == ERR_OK)
        e = add_file(b, KEY_FILE_ED25519, why);
    if (e == ERR_OK)
        e = holdings_read(b->snapshot.redis, why, keep, b);
    if (e == ERR_OK)
        return backup_end(&b->out, why, b->digest, &b->size);
    backup_abandon(&b->out);
    return e;
}

static enum err take(struct backup *b, struct bytes *why)
{
    enum err e =
        snapshot_take(b->offline.loop, b->offline.config, b->offline.redis, why, &b->snapshot);
    if (e == ERR_OK)
        e = backup_begin(b->path, why, &b->out);
    if (e == ERR_OK)
        e = write_all(b, why);
    snapshot_drop(&b->snapshot);
    return e;
}

static void tell_json(const struct backup *b, const struct verify_report *report)
{
    struct bytes out;
    struct json_writer w;
    bytes_init(&out, 1 << 20);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "file", span_of(b->path));
    json_member_int(&w, "bytes", (int64_t)b->size);
    json_member(&w, "sha256", span_of(b->digest));
    json_member_bool(&w, "keys_in_it", b->keys);
    holdings_json(&w, report);
    json_close(&w, '}');
    printf("%s\n", bytes_str(&out));
    bytes_fini(&out);
}

static void tell(const struct backup *b, const struct verify_report *report)
{
    if (b->as_json) {
        tell_json(b, report);
    } else {
        printf("%-10s %s, %" PRIu64 " bytes, sha256 %s\n", "written", b->path, b->size, b->digest);
        holdings_print(report);
        if (b->keys)
            printf("The relay's private keys are in it: whoever reads this file can speak in its "
                   "name.\n");
        else
            printf("The relay's keys are not in it: keep a copy of %s/%s and %s, or use "
                   "--with-keys.\n",
                   b->offline.config->data_dir, KEY_FILE_RSA, KEY_FILE_ED25519);
    }
    if (!report->findings_n)
        return;
    fprintf(stderr, "weir: the backup is written, but what Weir holds is not whole:\n");
    holdings_print_findings(report);
}

int cmd_backup(int argc, char **argv)
{
    const char *file = NULL;
    struct backup b = {0};
    const struct arg items[] = {
        {"-c", &file, NULL}, {"--json", NULL, &b.as_json}, {"--with-keys", NULL, &b.keys}};
    const struct args args = {items, 3, "", 1, 1};
    if (!args_read(&args, argc, argv, &b.path))
        return ask_usage("backup");
    int code = offline_open(file, false, &b.offline);
    if (code)
        return code;
    struct bytes why;
    bytes_init(&why, 8192);
    b.verify = verify_new(sha256_hex);
    enum err e = take(&b, &why);
    if (e == ERR_OK) {
        const struct verify_report *report = verify_end(b.verify);
        tell(&b, report);
        code = report->findings_n ? EXIT_REFUSED : 0;
    } else {
        fprintf(stderr, "weir: no backup: %s\n", bytes_str(&why));
        code = e == ERR_REDIS ? EXIT_UNREACHED : EXIT_REFUSED;
    }
    verify_free(&b.verify);
    bytes_fini(&why);
    offline_close(&b.offline);
    return code;
}
