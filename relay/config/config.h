/* config: the configuration file as a constant value. Strict: every mistake is named with file,
 * line and column, and the nearest right name where a name is wrong. A reload builds a new one and
 * swaps it. */
#pragma once

#include "relay/config/settings.h"
#include "relay/rules/policy.h"

enum config_durability { DURABILITY_STRICT, DURABILITY_STANDARD };

enum {
    CONFIG_FILE_MAX = 8 << 20,
    CONFIG_DIGEST_SIZE = 65,
    CONFIG_WHY_MAX = 1 << 17, /* room for every mistake that is listed */
};

/* set.url is in its normal form: lower case, no slash at the end, no default port. */
struct config {
    struct settings set;
    struct policy policy;
    char *path;         /* of the file as given */
    char *data_dir;     /* set.data, absolute; relative ones start at the file's directory */
    char *admin_socket; /* data_dir/admin.sock */
    char *redis_socket; /* data_dir/redis.sock: of the embedded Redis */
    bool https;         /* scheme of url */
    char *authority;    /* of url */
    /* SHA-256 of its text in hex, where whoever read it put that down; else empty. */
    char digest[CONFIG_DIGEST_SIZE];
};

/* Reads text (the content of the file called path). Mistakes are added to why, one a line,
 * `FILE:LINE:COLUMN: what is wrong`, all of them, sorted by place; ERR_USAGE if there was one. The
 * caller owns *ret. */
enum err config_read(struct span text, const char *path, struct bytes *why, struct config **ret);
/* Adds the file's content to text, which must have room for CONFIG_FILE_MAX. ERR_FILE with a reason
 * in why if it can't be read or is larger than that. */
enum err config_text(const char *path, struct bytes *text, struct bytes *why);
/* Both: reads the file, at most 1 MiB. ERR_FILE if it can't be read; the reason is in why. */
enum err config_load(const char *path, struct bytes *why, struct config **ret);
void config_free(struct config **config);
/* The file that a verb uses: given, else ./weir.yaml, else /etc/weir/weir.yaml; NULL if none is
 * there. */
const char *config_find(const char *given);
/* Every setting with kind, bounds, default, and (if config is not NULL) its value now and the
 * prose; then what zones and rules may hold, and do. */
void config_explain(const struct config *config, struct bytes *out);
/* The same as one JSON object. */
void config_explain_json(const struct config *config, struct bytes *out);
/* A commented file to start from, as `weir init` writes it. url: as given, or NULL for the example.
 */
void config_example(const char *url, struct bytes *out);
