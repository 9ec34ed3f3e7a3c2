/* verbs: help, from the tables.
 * May not know: what the verbs do. */
#include "relay/verbs.h"

#include <stdio.h>
#include <string.h>

#include "common/pure/err.h"
#include "relay/config/config.h"
#include "relay/meters.h"

static const struct {
    const char *words, *options, *prose;
} verbs[] = {
#define X(words, function, options, prose) {words, options, prose},
    VERBS_TABLE(X)
#undef X
};

enum { VERBS_N = sizeof(verbs) / sizeof(*verbs) };

static void write_verbs(bool names_only, struct bytes *out)
{
    for (size_t i = 0; i < VERBS_N; i++) {
        if (names_only)
            bytes_addf(out, "%s\n", verbs[i].words);
        else
            bytes_addf(out, "  %-16s %-44s %s\n", verbs[i].words, verbs[i].options, verbs[i].prose);
    }
}

static void write_settings(bool names_only, struct bytes *out)
{
    if (!names_only) {
        config_explain(NULL, out);
        return;
    }
    for (size_t i = 0; i < SETTING_COUNT_ALL; i++)
        bytes_addf(out, "%s\n", settings_table[i].name);
}

static void write_metrics(bool names_only, struct bytes *out)
{
    for (size_t i = 0; i < METER_COUNT; i++) {
        const struct metric_def *m = &meters_table()[i];
        if (names_only)
            bytes_addf(out, "%s\n", m->name);
        else
            bytes_addf(out, "  %-34s %-10s %-9s %s\n", m->name, metric_kind_name(m->kind),
                       m->label ? m->label : "", m->help);
    }
}

static void write_problems(bool names_only, struct bytes *out)
{
    for (int e = 1; e < ERR_COUNT; e++) {
        if (names_only)
            bytes_addf(out, "%s\n", err_code((enum err)e));
        else if (err_status((enum err)e))
            bytes_addf(out, "  %-20s %d  %s\n", err_code((enum err)e), err_status((enum err)e),
                       err_title((enum err)e));
        else
            bytes_addf(out, "  %-20s -    %s\n", err_code((enum err)e), err_title((enum err)e));
    }
}

bool help_write(const char *table, bool names_only, struct bytes *out)
{
    if (!table) {
        bytes_add_str(out, "usage: weir VERB [options]\n\n");
        write_verbs(false, out);
        bytes_add_str(
            out,
            "\nEvery verb takes -c FILE (default ./weir.yaml, then /etc/weir/weir.yaml) and, where "
            "it "
            "reports, --json.\n`weir help settings`, `metrics` and `problems` print the tables.\n"
            "Exit codes: 0 done, 1 refused or not found, 2 wrong use, 3 the server can't be "
            "reached.\n");
    } else if (strcmp(table, "verbs") == 0) {
        write_verbs(names_only, out);
    } else if (strcmp(table, "settings") == 0) {
        write_settings(names_only, out);
    } else if (strcmp(table, "metrics") == 0) {
        write_metrics(names_only, out);
    } else if (strcmp(table, "problems") == 0) {
        write_problems(names_only, out);
    } else {
        return false;
    }
    return true;
}

void help_usage(const char *word, struct bytes *out)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < VERBS_N; i++)
        if (strncmp(verbs[i].words, word, n) == 0 &&
            (verbs[i].words[n] == '\0' || verbs[i].words[n] == ' '))
            bytes_addf(out, "usage: weir %s %s\n", verbs[i].words, verbs[i].options);
}
