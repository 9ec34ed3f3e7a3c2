/* args: the options of a verb on the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* An option with a value, or, where value is NULL, a flag. */
struct arg {
    const char *name; /* with its dashes */
    const char **value;
    bool *flag;
};

/* argv[0] is the verb, and is passed over. `--name VALUE` and `--name=VALUE`; `--` ends the
 * options;
 * `-` is a word. An option twice is wrong. Words go to words, in their order, at most words_max,
 * the rest of which is set to NULL; fewer than words_min are wrong too. False: what was wrong, and
 * the usage (whole lines), stand on standard error. */
struct args {
    const struct arg *items;
    size_t n;
    const char *usage;
    size_t words_min, words_max;
};
bool args_read(const struct args *args, int argc, char **argv, const char **words);
