/* input: reads a file as the inbox reads a request's body, and says why it can't.
 * May not know: what it is wanted for. */
#include "relay/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct config *input_config(const char *given)
{
    struct config *config = NULL;
    struct bytes why;
    const char *path = config_find(given);
    if (!path) {
        fputs("weir: ./weir.yaml: no such file; name one with -c\n", stderr);
        return NULL;
    }
    bytes_init(&why, CONFIG_WHY_MAX);
    if (config_load(path, &why, &config) != ERR_OK)
        fputs(bytes_str(&why), stderr);
    bytes_fini(&why);
    return config;
}

bool input_file(const char *path, struct bytes *out, const char **ret_why)
{
    bool input = strcmp(path, "-") == 0;
    FILE *file = input ? stdin : fopen(path, "re");
    char chunk[8192];
    size_t n;
    if (!file) {
        *ret_why = strerror(errno);
        return false;
    }
    do {
        n = fread(chunk, 1, sizeof(chunk), file);
        bytes_add(out, (struct span){chunk, n});
    } while (n == sizeof(chunk) && !out->over);
    bool bad = ferror(file) != 0;
    int reason = errno;
    if (!input)
        (void)fclose(file);
    *ret_why = bad ? strerror(reason) : err_title(ERR_TOO_LARGE);
    return !bad && !out->over;
}

enum err input_activity(const struct config *config, struct span text, struct json **ret_json,
                        struct activity *ret)
{
    const struct settings *set = &config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 5 * (unsigned)set->limits_json_keys};
    struct activity_limits facts = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    enum err e = json_read(text, &limits, ret_json);
    return e == ERR_OK ? activity_read(*ret_json, &facts, ret) : e;
}
