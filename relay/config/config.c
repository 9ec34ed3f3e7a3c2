/* config: puts the file's tree into settings and policy, and checks what single values cannot show:
 * what a text means, and how values bear on each other. The config owns all of its parts.
 * May not know: sockets, Redis, what a role does with a value. */
#include "relay/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/config/check.h"
#include "relay/config/policy_file.h"

/* The names that may stand at one level of the file. */
struct names {
    struct span items[SETTING_COUNT_ALL + 2];
    size_t n;
};

static void name_add(struct names *names, struct span name)
{
    for (size_t i = 0; i < names->n; i++)
        if (span_eq(names->items[i], name))
            return;
    names->items[names->n++] = name;
}

/* section absent: the names at the top; else those of its members. */
static void names_of(struct names *names, struct span section)
{
    names->n = 0;
    for (int i = 0; i < SETTING_COUNT_ALL; i++) {
        struct span rest = span_of(settings_table[i].name);
        struct span head = span_cut(&rest, '.');
        if (!section.p)
            name_add(names, head);
        else if (rest.p && span_eq(head, section))
            name_add(names, rest);
    }
    if (!section.p) {
        name_add(names, SPAN("zones"));
        name_add(names, SPAN("rules"));
    }
}

static void value_read(struct checks *c, int i, const struct yaml_tree *value)
{
    if (value->kind == TREE_BROKEN)
        return;
    c->at[i] = value->at;
    if (value->kind != TREE_TEXT) {
        mistake(c->mistakes, value->at, "%s must be a %s, not %s", settings_table[i].name,
                setting_kind_name(settings_table[i].kind), yaml_tree_kind_name(value));
        c->bad[i] = true;
        return;
    }
    struct bytes why;
    bytes_init(&why, 500);
    if (!setting_put(&c->config->set, i, yaml_tree_text(value), &why)) {
        mistake(c->mistakes, value->at, "%s: %s", settings_table[i].name, bytes_str(&why));
        c->bad[i] = true;
    }
    bytes_fini(&why);
}

static void section_read(struct checks *c, struct span section, const struct yaml_tree *value)
{
    struct names names;
    names_of(&names, section);
    if (value->kind != TREE_MAP) {
        if (value->kind != TREE_BROKEN)
            mistake(c->mistakes, value->at, "%.*s must be a mapping, not %s", SPAN_ARG(section),
                    yaml_tree_kind_name(value));
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        struct bytes whole;
        struct span key = yaml_tree_text(value->keys[i]);
        bytes_init(&whole, 200);
        bytes_addf(&whole, "%.*s.%.*s", SPAN_ARG(section), SPAN_ARG(key));
        int setting = setting_find(bytes_span(&whole));
        bytes_clear(&whole);
        bytes_addf(&whole, "key in %.*s", SPAN_ARG(section));
        if (setting >= 0)
            value_read(c, setting, value->values[i]);
        else
            mistake_unknown(c->mistakes, value->keys[i]->at, bytes_str(&whole), key, names.items,
                            names.n);
        bytes_fini(&whole);
    }
}

static void key_read(struct checks *c, const struct yaml_tree *key, const struct yaml_tree *value)
{
    struct names names;
    struct span name = yaml_tree_text(key), rest = name;
    struct span head = span_cut(&rest, '.');
    int setting = setting_find(name);
    if (setting >= 0 && rest.p) {
        mistake(c->mistakes, key->at, "write %.*s as a member: `%.*s: { %.*s: ... }`",
                SPAN_ARG(name), SPAN_ARG(head), SPAN_ARG(rest));
    } else if (setting >= 0) {
        value_read(c, setting, value);
    } else if (!span_eq_str(name, "zones") && !span_eq_str(name, "rules")) {
        names_of(&names, name);
        if (names.n) {
            section_read(c, name, value);
            return;
        }
        names_of(&names, SPAN_NONE);
        mistake_unknown(c->mistakes, key->at, "key", name, names.items, names.n);
    }
}

static void root_read(struct checks *c, const struct yaml_tree *root)
{
    c->root = root->at;
    if (root->kind != TREE_MAP) {
        mistake(c->mistakes, root->at, "the file must be a mapping (`url: ...`), not %s",
                yaml_tree_kind_name(root));
        return;
    }
    for (size_t i = 0; i < root->n; i++)
        key_read(c, root->keys[i], root->values[i]);
    /* First the settings: url decides how hosts are read, and every check may rest on any value. */
    checks_run(c);
    const struct yaml_tree *zones = yaml_tree_get(root, "zones");
    if (!zones)
        mistake(c->mistakes, root->at, "zones is missing: without a zone nobody can join");
    policy_file_read(zones, yaml_tree_get(root, "rules"), c->config->https, c->mistakes,
                     &c->config->policy);
}

enum err config_read(struct span text, const char *path, struct bytes *why, struct config **ret)
{
    struct mistakes mistakes = {0};
    struct config *config = mem_new(sizeof(*config));
    struct checks checks = {.config = config, .mistakes = &mistakes};
    config->path = mem_copy(span_of(path));
    settings_init(&config->set);
    struct yaml_tree *root = yaml_tree_read(text, &mistakes);
    if (root)
        root_read(&checks, root);
    yaml_tree_free(&root);
    bool good = mistakes.n == 0;
    mistakes_write(&mistakes, path, why);
    mistakes_fini(&mistakes);
    if (!good)
        config_free(&config);
    else
        *ret = config;
    return good ? ERR_OK : ERR_USAGE;
}

static enum err file_bad(const char *path, const char *reason, int fd, struct bytes *why)
{
    if (fd >= 0)
        close(fd);
    bytes_addf(why, "%s: %s\n", path, reason);
    return ERR_FILE;
}

enum err config_text(const char *path, struct bytes *text, struct bytes *why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return file_bad(path, strerror(errno), fd, why);
    if (!S_ISREG(st.st_mode))
        return file_bad(path, "not a file", fd, why);
    char chunk[8192];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0 && !text->over)
        bytes_add(text, (struct span){chunk, (size_t)n});
    if (n < 0)
        return file_bad(path, strerror(errno), fd, why);
    if (text->over)
        return file_bad(path, "larger than 1 MiB", fd, why);
    close(fd);
    return ERR_OK;
}

enum err config_load(const char *path, struct bytes *why, struct config **ret)
{
    struct bytes text;
    bytes_init(&text, CONFIG_FILE_MAX);
    enum err e = config_text(path, &text, why);
    if (e == ERR_OK)
        e = config_read(bytes_span(&text), path, why, ret);
    bytes_fini(&text);
    return e;
}

void config_free(struct config **config)
{
    struct config *c = *config;
    *config = NULL;
    if (!c)
        return;
    settings_fini(&c->set);
    policy_fini(&c->policy);
    free(c->path);
    free(c->data_dir);
    free(c->admin_socket);
    free(c->redis_socket);
    free(c->authority);
    free(c);
}

const char *config_find(const char *given)
{
    static const char *const places[] = {"./weir.yaml", "/etc/weir/weir.yaml"};
    if (given)
        return given;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}
