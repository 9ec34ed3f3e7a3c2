/* cmd_config: looks through a configuration file, prints the settings, and writes a first file with
 * keys.
 * May not know: a running relay. */
#include "relay/cmd_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pure/json.h"
#include "keys/key.h"
#include "relay/args.h"
#include "relay/cmd_config_change.h"
#include "relay/config/config.h"
#include "relay/names.h"
#include "relay/token_file.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_WRONG_USE };

static const char config_usage[] = "usage: weir config check [-c FILE] [--json]\n"
                                   "       weir config explain [-c FILE] [--json]\n"
                                   "       weir config diff NEW.yaml [-c FILE] [--json]\n"
                                   "       weir config apply NEW.yaml --reason TEXT [-c FILE] "
                                   "[--json]\n";
static const char init_usage[] = "usage: weir init [DIR] [--url URL]\n";

static void print(struct bytes *text)
{
    fwrite(bytes_str(text), 1, text->n, stdout);
    bytes_fini(text);
}

/* --- weir config ----------------------------------------------------------------------------- */

/* One line `path:line:column: what`, or `path: what`. */
static void mistake_json(struct json_writer *w, const char *path, struct span line)
{
    uint64_t row = 0, column = 0;
    struct span what = {line.p + strlen(path) + 1, line.n - strlen(path) - 1};
    struct span rest = what;
    if (span_u64(span_cut(&rest, ':'), UINT32_MAX, &row) &&
        span_u64(span_cut(&rest, ':'), UINT32_MAX, &column))
        what = rest;
    json_open(w, '{');
    json_member_int(w, "line", (int64_t)row);
    json_member_int(w, "column", (int64_t)column);
    json_member(w, "what", span_trim(what));
    json_close(w, '}');
}

static void check_json(const char *path, bool good, const struct bytes *why)
{
    struct bytes out;
    struct json_writer w;
    struct span lines = bytes_span(why);
    bytes_init(&out, 2 * CONFIG_WHY_MAX);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "file", span_of(path));
    json_member_bool(&w, "good", good);
    json_key(&w, "mistakes");
    json_open(&w, '[');
    while (lines.p && lines.n)
        mistake_json(&w, path, span_cut(&lines, '\n'));
    json_close(&w, ']');
    json_close(&w, '}');
    bytes_add_char(&out, '\n');
    print(&out);
}

/* Of a file that is right: whether what it names can be read. */
static bool tokens_check(const struct config *config, struct bytes *why)
{
    size_t before = why->n;
    for (size_t i = 0; i < config->policy.zones_n; i++) {
        const struct zone *zone = &config->policy.zones[i];
        struct bytes token, wrong;
        bytes_init(&token, TOKEN_MOST);
        bytes_init(&wrong, 5000);
        if (zone->publish == PUBLISH_TOKEN &&
            token_file_read(zone->token_file, config->data_dir, &token, &wrong) != ERR_OK)
            bytes_addf(why, "%s: zones.%s.token_file: %s\n", config->path, zone->name,
                       bytes_str(&wrong));
        bytes_fini(&token);
        bytes_fini(&wrong);
    }
    return why->n == before;
}

static int check(const char *given, bool json)
{
    const char *path = config_find(given);
    struct config *config = NULL;
    struct bytes why;
    if (!path) {
        fputs("weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml; name one with "
              "-c, or write one with `weir init`\n",
              stderr);
        return EXIT_REFUSED;
    }
    bytes_init(&why, CONFIG_WHY_MAX);
    bool good = config_load(path, &why, &config) == ERR_OK && tokens_check(config, &why);
    if (json)
        check_json(path, good, &why);
    else if (good)
        printf("%s: good: %zu zones, %zu rules, url %s\n", path, config->policy.zones_n,
               config->policy.rules_n, config->set.url);
    else
        fputs(bytes_str(&why), stderr);
    bytes_fini(&why);
    config_free(&config);
    return good ? EXIT_DONE : EXIT_REFUSED;
}

/* Without a file, the settings alone; a file that is not right is refused. */
static int explain(const char *given, bool json)
{
    const char *path = config_find(given);
    struct config *config = NULL;
    struct bytes why, out;
    bytes_init(&why, CONFIG_WHY_MAX);
    if (path && config_load(path, &why, &config) != ERR_OK) {
        fputs(bytes_str(&why), stderr);
        bytes_fini(&why);
        return EXIT_REFUSED;
    }
    bytes_fini(&why);
    bytes_init(&out, 4 * CONFIG_FILE_MAX);
    if (json)
        config_explain_json(config, &out);
    else
        config_explain(config, &out);
    if (json)
        bytes_add_char(&out, '\n');
    print(&out);
    config_free(&config);
    return EXIT_DONE;
}

int cmd_config(int argc, char **argv)
{
    const char *file = NULL, *words[1];
    bool json = false;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &json}};
    const struct args args = {items, 2, config_usage, 1, 1};
    if (argc > 1 && strcmp(argv[1], "diff") == 0)
        return cmd_config_diff(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "apply") == 0)
        return cmd_config_apply(argc - 1, argv + 1);
    if (!args_read(&args, argc, argv, words))
        return EXIT_WRONG_USE;
    if (strcmp(words[0], "check") == 0)
        return check(file, json);
    if (strcmp(words[0], "explain") == 0)
        return explain(file, json);
    fprintf(stderr, "weir: config does not know %s\n%s", words[0], config_usage);
    return EXIT_WRONG_USE;
}

/* --- weir init ------------------------------------------------------------------------------- */

static bool failed(const char *path)
{
    fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
    return false;
}

static bool directory_make(const char *path, mode_t mode)
{
    struct stat st;
    if (mkdir(path, mode) == 0)
        return true;
    if (errno != EEXIST || stat(path, &st) < 0)
        return failed(path);
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode) || failed(path);
}

static bool write_whole(int fd, struct span text)
{
    ssize_t n = write(fd, text.p, text.n);
    if (n >= 0 && (size_t)n < text.n)
        errno = ENOSPC;
    return n == (ssize_t)text.n && fchmod(fd, 0640) == 0 && fsync(fd) == 0;
}

/* Whole, or not there, also for whoever comes after a power cut; never over a file: link() does not
 * replace. *ret_made: false if there was one. */
static bool file_write(const char *path, struct span text, bool *ret_made)
{
    struct bytes temp;
    bytes_init(&temp, 10000);
    bytes_addf(&temp, "%s.new-XXXXXX", path);
    int fd = mkostemp(temp.p, O_CLOEXEC);
    bool ok = fd >= 0 && write_whole(fd, text);
    *ret_made = ok && link(bytes_str(&temp), path) == 0;
    ok = ok && (*ret_made || errno == EEXIST);
    if (!ok)
        failed(path);
    if (fd >= 0) {
        close(fd);
        unlink(bytes_str(&temp));
    }
    bytes_fini(&temp);
    return ok;
}

/* Makes the key if it is not there. */
static bool key_make(const char *dir, const char *name, enum key_kind kind, bool *made)
{
    struct stat st;
    struct bytes path, why;
    bytes_init(&path, 20000);
    bytes_init(&why, 2000);
    bytes_addf(&path, "%s/%s", dir, name);
    bool ok = true;
    if (lstat(bytes_str(&path), &st) < 0) {
        ok = key_create(bytes_str(&path), kind, &why) == ERR_OK;
        *made = *made || ok;
        if (ok)
            printf("made    %s\n", bytes_str(&path));
        else
            fprintf(stderr, "weir: %s\n", bytes_str(&why));
    } else {
        printf("kept    %s\n", bytes_str(&path));
    }
    bytes_fini(&path);
    bytes_fini(&why);
    return ok;
}

static bool data_make(const struct config *config, bool *made)
{
    return directory_make(config->data_dir, 0700) &&
           key_make(config->data_dir, KEY_FILE_RSA, KEY_RSA, made) &&
           key_make(config->data_dir, KEY_FILE_ED25519, KEY_ED25519, made);
}

/* Reads the file, the one just written or the one that was there, and makes what it needs. */
static int init_from(const char *path, bool made)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    printf("%s    %s\n", made ? "made" : "kept", path);
    bool ok = config_load(path, &why, &config) == ERR_OK;
    if (!ok)
        fputs(bytes_str(&why), stderr);
    ok = ok && data_make(config, &made);
    if (ok && !made)
        fprintf(stderr, "weir: nothing to do: %s and its keys are there\n", path);
    else if (ok)
        printf("\nNext: look through %s, above all `url` and the zones; then\n"
               "    weir config check -c %s\n"
               "    weir serve -c %s\n"
               "Keep a copy of the keys in %s: they are this relay's identity.\n",
               path, path, path, config->data_dir);
    bytes_fini(&why);
    config_free(&config);
    return ok && made ? EXIT_DONE : EXIT_REFUSED;
}

/* The file for this URL, if it would be a good one; says why not. */
static bool example_good(const char *url, const char *path, struct bytes *text)
{
    struct bytes why;
    struct config *config = NULL;
    bytes_init(&why, CONFIG_WHY_MAX);
    config_example(url, text);
    bool good = config_read(bytes_span(text), path, &why, &config) == ERR_OK;
    if (!good)
        fprintf(stderr, "weir: with this url the file would be wrong:\n%s", bytes_str(&why));
    bytes_fini(&why);
    config_free(&config);
    return good;
}

/* A URL that could break out of its line is no URL: the file is made by putting it in. */
static bool url_plain(const char *url)
{
    for (; url && *url; url++)
        if ((unsigned char)*url <= ' ' || strchr("#\"\'\x7f", *url))
            return false;
    return true;
}

static int init(const char *dir, const char *url)
{
    struct bytes path, text;
    bool made = false;
    int code = EXIT_REFUSED;
    bytes_init(&path, 10000);
    bytes_init(&text, CONFIG_FILE_MAX);
    bytes_addf(&path, "%s/weir.yaml", dir);
    if (!url_plain(url) || !example_good(url, bytes_str(&path), &text)) {
        fputs(init_usage, stderr);
        code = EXIT_WRONG_USE;
    } else if (url && access(bytes_str(&path), F_OK) == 0) {
        fprintf(stderr, "weir: %s is there already: change its url by hand\n", bytes_str(&path));
    } else if (directory_make(dir, 0755) &&
               file_write(bytes_str(&path), bytes_span(&text), &made)) {
        code = init_from(bytes_str(&path), made);
    }
    bytes_fini(&path);
    bytes_fini(&text);
    return code;
}

int cmd_init(int argc, char **argv)
{
    const char *url = NULL, *words[1];
    const struct arg items[] = {{"--url", &url, NULL}};
    const struct args args = {items, 1, init_usage, 0, 1};
    if (!args_read(&args, argc, argv, words))
        return EXIT_WRONG_USE;
    return init(words[0] ? words[0] : ".", url);
}
