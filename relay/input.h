/* input: what verbs read that work without a running relay: the configuration, and activities from
 * files. */
#pragma once

#include "relay/config/config.h"
#include "relay/rules/activity.h"

/* The configuration that a verb goes by (config_find()); the caller's. NULL: what is wrong stands
 * on standard error. */
struct config *input_config(const char *given);
/* Adds all of the file, or of standard input for `-`, to out, which is born with the most that is
 * taken. False: *ret_why says why (static, or of strerror()). */
bool input_file(const char *path, struct bytes *out, const char **ret_why);
/* The activity that the text is, read with the limits of the inbox. On ERR_OK ret borrows from
 * *ret_json; whatever comes of it, the caller gives that back with json_free(). */
enum err input_activity(const struct config *config, struct span text, struct json **ret_json,
                        struct activity *ret);
