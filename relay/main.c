/* main: finds the verb. A verb of two words is found by both; options come after it.
 *
 * May not know: what a verb does. */
#include <stdio.h>
#include <string.h>

#include "relay/cmd_audit.h"
#include "relay/cmd_author.h"
#include "relay/cmd_backup.h"
#include "relay/cmd_config.h"
#include "relay/cmd_explain.h"
#include "relay/cmd_freeze.h"
#include "relay/cmd_help.h"
#include "relay/cmd_hold.h"
#include "relay/cmd_list.h"
#include "relay/cmd_member.h"
#include "relay/cmd_pilot.h"
#include "relay/cmd_policy.h"
#include "relay/cmd_queue.h"
#include "relay/cmd_report.h"
#include "relay/cmd_sig.h"
#include "relay/cmd_status.h"
#include "relay/cmd_trace.h"
#include "relay/serve.h"
#include "relay/verbs.h"

static const struct {
    const char *words;
    int (*run)(int argc, char **argv);
} verbs[] = {
#define X(words, function, options, prose) {words, function},
    VERBS_TABLE(X)
#undef X
};

static int help(FILE *to, int code)
{
    struct bytes out;
    bytes_init(&out, 1 << 20);
    help_write(NULL, false, &out);
    fputs(bytes_str(&out), to);
    bytes_fini(&out);
    return code;
}

/* How many words of argv the verb is: 0 if it is not this one. */
static int matches(const char *words, int argc, char **argv)
{
    const char *space = strchr(words, ' ');
    size_t first = space ? (size_t)(space - words) : strlen(words);
    if (strlen(argv[1]) != first || strncmp(argv[1], words, first) != 0)
        return 0;
    if (!space)
        return 1;
    return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
    struct bytes usage;
    if (argc < 2)
        return help(stderr, 2);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout, 0);
    if (strcmp(argv[1], "--version") == 0)
        return cmd_version(1, argv + 1);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        if (matches(verbs[i].words, argc, argv))
            return verbs[i].run(argc - 1, argv + 1);
    bytes_init(&usage, 65536);
    help_usage(argv[1], &usage);
    if (!usage.n)
        bytes_addf(&usage, "weir: there is no verb `%s`; `weir help` lists them\n", argv[1]);
    fputs(bytes_str(&usage), stderr);
    bytes_fini(&usage);
    return 2;
}
