/* serve: the verb that runs a relay, or, started by a master, one of its roles.
 *
 * May not know: what a relay consists of. */
#include "relay/serve.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "relay/args.h"
#include "relay/master.h"
#include "relay/role_main.h"

enum { COURIERS_MAX = 64 };

/* slot and house: what a master tells the roles that it starts. */
struct options {
    const char *file, *workers, *role, *slot, *house;
};

static const char usage[] =
    "usage: weir serve [-c FILE] [--workers N] [--role front,courier,steward]\n";

/* As many as this process may use cores. */
static unsigned cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > COURIERS_MAX ? COURIERS_MAX : (unsigned)n;
}

/* `auto`, or 0 to 64. False if it is neither. */
static bool couriers_read(const char *text, unsigned *ret)
{
    uint64_t n = 0;
    if (strcmp(text, "auto") == 0)
        n = cores();
    else if (!span_u64(span_of(text), COURIERS_MAX, &n))
        return false;
    *ret = (unsigned)n;
    return true;
}

static int wrong(const char *what, const char *word)
{
    fprintf(stderr, "weir: %s: %s\n%s", what, word, usage);
    return 2;
}

/* What a master starts: one role. */
static int serve_role(const struct options *o, unsigned couriers, const char *path)
{
    struct role_start start = {.couriers = couriers, .house = role_set_all, .path = path};
    uint64_t slot = 0;
    if (!o->role || !role_find(span_of(o->role), &start.role))
        return wrong("there is no such role", o->role ? o->role : "");
    if (!span_u64(span_of(o->slot), COURIERS_MAX - 1, &slot))
        return wrong("that is not a slot", o->slot);
    if (o->house && !role_set_read(span_of(o->house), &start.house))
        return wrong("there are no such roles", o->house);
    start.slot = (unsigned)slot;
    return role_main(&start);
}

static int serve_here(const char *path, const char *workers, const struct role_set *house)
{
    struct bytes text, why;
    struct config *config = NULL;
    unsigned couriers = 0;
    int code = 1;
    bytes_init(&text, CONFIG_FILE_MAX);
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_text(path, &text, &why);
    if (e == ERR_OK)
        e = config_read(bytes_span(&text), path, &why, &config);
    if (e != ERR_OK)
        fputs(bytes_str(&why), stderr);
    else if (couriers_read(workers ? workers : config->set.workers, &couriers))
        code = master_main(&config, bytes_span(&text), house, couriers);
    config_free(&config);
    bytes_fini(&text);
    bytes_fini(&why);
    return code;
}

int cmd_serve(int argc, char **argv)
{
    struct options o = {0};
    struct role_set house = role_set_all;
    const struct arg items[] = {{"-c", &o.file, NULL},
                                {"--workers", &o.workers, NULL},
                                {"--role", &o.role, NULL},
                                {"--slot", &o.slot, NULL},
                                {"--house", &o.house, NULL}};
    const struct args args = {items, 5, usage, 0, 0};
    unsigned couriers = 0;
    if (!args_read(&args, argc, argv, NULL))
        return 2;
    if (o.workers && !couriers_read(o.workers, &couriers))
        return wrong("--workers is auto or 0 to 64, not", o.workers);
    if (!o.slot && o.role && !role_set_read(span_of(o.role), &house))
        return wrong("--role is one or more of front, courier, steward, not", o.role);
    const char *path = config_find(o.file);
    if (!path) {
        fprintf(stderr,
                "weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there; "
                "`weir init` writes one\n");
        return 1;
    }
    return o.slot ? serve_role(&o, couriers, path) : serve_here(path, o.workers, &house);
}
