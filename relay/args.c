/* args: reads options, and says what was wrong with them. Nothing is copied: values live in argv.
 * May not know: what any option means. */
#include "relay/args.h"

#include <stdio.h>
#include <string.h>

#include "common/pure/span.h"

static bool wrong(const struct args *args, const char *what, const char *word)
{
    fprintf(stderr, "weir: %s%s%s\n%s", what, word ? " " : "", word ? word : "", args->usage);
    return false;
}

static const struct arg *find(const struct args *args, struct span name)
{
    for (size_t i = 0; i < args->n; i++)
        if (span_eq_str(name, args->items[i].name))
            return &args->items[i];
    return NULL;
}

/* Reads the option at argv[*at], and its value, which may be the next word. */
static bool option(const struct args *args, int argc, char **argv, int *at)
{
    struct span value = span_of(argv[*at]);
    const struct arg *arg = find(args, span_cut(&value, '='));
    if (!arg)
        return wrong(args, "unknown option", argv[*at]);
    if (!arg->value) {
        if (value.p)
            return wrong(args, "no value is wanted for", arg->name);
        *arg->flag = true;
        return true;
    }
    if (*arg->value)
        return wrong(args, "given twice:", arg->name);
    if (!value.p && *at + 1 < argc)
        value.p = argv[++*at];
    if (!value.p)
        return wrong(args, "a value is missing for", arg->name);
    *arg->value = value.p;
    return true;
}

bool args_read(const struct args *args, int argc, char **argv, const char **words)
{
    size_t n = 0;
    bool options = true;
    for (size_t i = 0; i < args->words_max; i++)
        words[i] = NULL;
    for (int at = 1; at < argc; at++) {
        if (options && strcmp(argv[at], "--") == 0) {
            options = false;
        } else if (options && argv[at][0] == '-' && argv[at][1]) {
            if (!option(args, argc, argv, &at))
                return false;
        } else if (n == args->words_max) {
            return wrong(args, "too much:", argv[at]);
        } else {
            words[n++] = argv[at];
        }
    }
    return n >= args->words_min || wrong(args, "something is missing", NULL);
}
