/* cmd_help: the verbs that say what there is: help, with its tables and manual pages, and version.
 *
 * May not know: a configuration. */
#include "relay/cmd_help.h"

#include <stdio.h>
#include <string.h>

#include "relay/args.h"
#include "relay/manual.h"
#include "relay/verbs.h"

enum { HELP_MAX = 1 << 20 };

static bool write_manual(const char *page, struct bytes *out)
{
    if (strcmp(page, "weir.1") == 0)
        manual_weir(out);
    else if (strcmp(page, "weir.yaml.5") == 0)
        manual_weir_yaml(out);
    else if (strcmp(page, "weir-policy.7") == 0)
        manual_weir_policy(out);
    else
        return false;
    return true;
}

int cmd_help(int argc, char **argv)
{
    const char *words[1];
    const char *page = NULL;
    bool list = false;
    const struct arg items[] = {{"--list", NULL, &list}, {"--man", &page, NULL}};
    const struct args args = {items, 2,
                              "usage: weir help [--list] [settings|metrics|problems|verbs]\n       "
                              "weir help --man weir.1|weir.yaml.5|weir-policy.7\n",
                              0, 1};
    struct bytes out;
    if (!args_read(&args, argc, argv, words))
        return 2;
    bytes_init(&out, HELP_MAX);
    bool ok = page ? write_manual(page, &out) : help_write(words[0], list, &out);
    if (ok)
        fputs(bytes_str(&out), stdout);
    else
        fprintf(stderr, "weir: there is no %s `%s`\n", page ? "page" : "table",
                page ? page : words[0]);
    bytes_fini(&out);
    return ok ? 0 : 2;
}

int cmd_version(int argc, char **argv)
{
    const char *file = NULL; /* taken like everywhere, and not needed */
    bool as_json = false;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "usage: weir version [--json]\n", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return 2;
    printf(as_json ? "{\"version\":\"%s\"}\n" : "weir %s\n", WEIR_VERSION);
    return 0;
}
