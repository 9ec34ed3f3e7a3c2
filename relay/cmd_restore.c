/* cmd_restore: `weir restore FILE`, `weir verify [FILE]` and `weir journal adopt`.
 * May not know: how it is done (restore.c, relay/store/). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/cmd_backup.h"
#include "relay/fingerprint.h"
#include "relay/holdings_view.h"
#include "relay/restore.h"
#include "relay/snapshot.h"
#include "relay/store/adopt.h"
#include "relay/store/audit.h"
#include "relay/user.h"

enum { JOURNAL_JSON_MAX = 1024 };

static int code_of(enum err e)
{
    return e == ERR_OK ? 0 : e == ERR_REDIS ? EXIT_UNREACHED : EXIT_REFUSED;
}

static int failed(enum err e, const char *what, const struct bytes *why)
{
    fprintf(stderr, "weir: %s: %s\n", what, why->n ? bytes_str(why) : err_title(e));
    return code_of(e);
}

static void json_out(struct bytes *out)
{
    printf("%s\n", bytes_str(out));
    bytes_fini(out);
}

/* --- weir restore ----------------------------------------------------------------------------- */

static void restored_json(const struct restore *r)
{
    struct bytes out;
    struct json_writer w;
    bytes_init(&out, 1 << 20);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member_bool(&w, "restored", true);
    json_member(&w, "file", span_of(r->path));
    json_member(&w, "created", span_of(r->created));
    json_member_bool(&w, "keys_in_it", r->keys);
    holdings_json(&w, r->report);
    json_close(&w, '}');
    json_out(&out);
}

static void restored(const struct restore *r, bool as_json)
{
    if (as_json) {
        restored_json(r);
        return;
    }
    printf("%-10s %s, as of %s\n", "restored", r->path, r->created);
    holdings_print(r->report);
    printf("What was delivered after that moment is delivered once more, under the same ids.\n"
           "What was accepted after it is not in the backup.\n"
           "Who joined, left or was suspended since stands as then: look at `weir member list`.\n");
    if (r->keys)
        printf("The relay's keys were in it and are in place.\n");
}

int cmd_restore(int argc, char **argv)
{
    const char *file = NULL;
    const char *reason = NULL;
    bool as_json = false;
    struct bytes why;
    struct restore r = {.why = &why};
    const struct arg items[] = {{"-c", &file, NULL},
                                {"--json", NULL, &as_json},
                                {"--force", NULL, &r.force},
                                {"--reason", &reason, NULL}};
    const struct args args = {items, 4, "", 1, 1};
    if (!args_read(&args, argc, argv, &r.path))
        return ask_usage("restore");
    if (!user_by(reason, &r.by))
        return ask_wrong("restore", USER_REASON, NULL);
    bytes_init(&why, 8192);
    enum err e = restore_look(&r);
    int code = e == ERR_OK ? offline_open(file, true, &r.offline) : failed(e, "not restored", &why);
    if (e == ERR_OK && code == 0) {
        e = restore_put(&r);
        if (e == ERR_OK)
            restored(&r, as_json);
        else
            code = failed(e, "not restored", &why);
        offline_close(&r.offline);
    }
    verify_free(&r.verify);
    bytes_fini(&why);
    return code;
}

/* --- weir verify ------------------------------------------------------------------------------ */

static int verified(const struct verify_report *report, bool as_json)
{
    if (as_json) {
        struct bytes out;
        struct json_writer w;
        bytes_init(&out, 1 << 20);
        json_begin(&w, &out);
        json_open(&w, '{');
        holdings_json(&w, report);
        json_close(&w, '}');
        json_out(&out);
    } else {
        holdings_print(report);
        if (!report->findings_n)
            printf("All of it is whole.\n");
        holdings_print_findings(report);
    }
    return report->findings_n ? EXIT_REFUSED : 0;
}

static int verify_file(const char *path, bool as_json)
{
    struct bytes why;
    bytes_init(&why, 8192);
    struct restore r = {.path = path, .why = &why};
    enum err e = restore_look(&r);
    int code = e == ERR_OK ? verified(r.report, as_json) : failed(e, "damaged", &why);
    verify_free(&r.verify);
    bytes_fini(&why);
    return code;
}

static int verify_live(const char *file, bool as_json)
{
    struct offline offline;
    struct snapshot snapshot;
    struct bytes why;
    int code = offline_open(file, false, &offline);
    if (code)
        return code;
    bytes_init(&why, 8192);
    struct verify *verify = verify_new(sha256_hex);
    enum err e = snapshot_take(offline.loop, offline.config, offline.redis, &why, &snapshot);
    if (e == ERR_OK)
        e = holdings_read(snapshot.redis, &why, verify_take, verify);
    code = e == ERR_OK ? verified(verify_end(verify), as_json) : failed(e, "not verified", &why);
    snapshot_drop(&snapshot);
    verify_free(&verify);
    bytes_fini(&why);
    offline_close(&offline);
    return code;
}

int cmd_verify(int argc, char **argv)
{
    const char *file = NULL;
    const char *path = NULL;
    bool as_json = false;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "", 0, 1};
    if (!args_read(&args, argc, argv, &path))
        return ask_usage("verify");
    return path ? verify_file(path, as_json) : verify_live(file, as_json);
}

/* --- weir journal ----------------------------------------------------------------------------- */

static void tell_adopted(const struct adopted *a, bool as_json)
{
    if (as_json) {
        struct bytes out;
        struct json_writer w;
        bytes_init(&out, 4096);
        json_begin(&w, &out);
        json_open(&w, '{');
        json_member(&w, "journal", span_of(a->kept.id));
        json_member_int(&w, "epoch", (int64_t)a->kept.epoch);
        json_member_bool(&w, "founded", a->founded);
        json_member_bool(&w, "known", a->known);
        json_close(&w, '}');
        json_out(&out);
    } else if (a->founded) {
        printf("journal %s begins: nothing of an earlier one is known here\n", a->kept.id);
    } else if (a->known) {
        printf("journal %s was this relay's already\n", a->kept.id);
    } else {
        printf("journal %s is this relay's from now on\n", a->kept.id);
    }
}

static void add_journal(const char *id, struct bytes *out)
{
    struct json_writer w;
    bytes_init(out, JOURNAL_JSON_MAX);
    json_begin(&w, out);
    json_open(&w, '{');
    if (*id)
        json_member(&w, "journal", span_of(id));
    json_close(&w, '}');
}

/* Not before it is done: until then it may be another relay's journal, and refused. */
static enum err write_down(struct offline *offline, const struct audit_by *by, const char *was,
                           const struct adopted *a, struct bytes *why)
{
    struct bytes before;
    struct bytes after;
    struct bytes text;
    add_journal(was, &before);
    add_journal(a->kept.id, &after);
    bytes_init(&text, AUDIT_NOTE_MAX);
    const struct audit_note note = {.by = by,
                                    .verb = "journal adopt",
                                    .target = span_of(offline->config->set.url),
                                    .before = bytes_span(&before),
                                    .after = bytes_span(&after),
                                    .now_ms = clock_wall_ms()};
    audit_write(&note, &text);
    enum err e = audit_add_plain(offline->redis, bytes_span(&text), why);
    bytes_fini(&before);
    bytes_fini(&after);
    bytes_fini(&text);
    return e;
}

static enum err adopt(struct offline *offline, bool force, const struct audit_by *by,
                      struct bytes *why, struct adopted *ret)
{
    struct identity_kept kept;
    char keys[FINGERPRINT_SIZE];
    const struct adopter adopter = {.owner = offline->config->set.url, .keys = keys};
    identity_load(offline->journal_file, &kept);
    enum err e = fingerprint_files(offline->config->data_dir, why, keys);
    if (e == ERR_OK)
        e = adopt_journal(offline->redis, &kept, &adopter, force, why, ret);
    if (e == ERR_OK && (force || !ret->known)) /* else nothing was changed */
        e = write_down(offline, by, kept.id, ret, why);
    if (e != ERR_OK || identity_save(offline->journal_file, &ret->kept))
        return e;
    bytes_addf(why, "%s: %s", offline->journal_file, strerror(errno));
    return ERR_FILE;
}

int cmd_journal(int argc, char **argv)
{
    const char *file = NULL;
    const char *reason = NULL;
    bool as_json = false;
    bool force = false;
    struct offline offline;
    struct bytes why;
    struct adopted adopted;
    struct audit_by by;
    const struct arg items[] = {{"-c", &file, NULL},
                                {"--json", NULL, &as_json},
                                {"--force", NULL, &force},
                                {"--reason", &reason, NULL}};
    const struct args args = {items, 4, "", 0, 0};
    if (argc < 2 || strcmp(argv[1], "adopt") != 0 || !args_read(&args, argc - 1, argv + 1, NULL))
        return ask_usage("journal");
    if (!user_by(reason, &by))
        return ask_wrong("journal", USER_REASON, NULL);
    int code = offline_open(file, true, &offline);
    if (code)
        return code;
    bytes_init(&why, 8192);
    enum err e = adopt(&offline, force, &by, &why, &adopted);
    if (e == ERR_OK)
        tell_adopted(&adopted, as_json);
    else
        code = failed(e, "not adopted", &why);
    bytes_fini(&why);
    offline_close(&offline);
    return code;
}
