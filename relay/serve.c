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

static const char usage[] = "usage: weir serve [-c FILE] [--workers N]\n";

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

static int serve_role(const char *role_text, const char *slot_text, unsigned couriers,
                      const char *path)
{
    enum role role;
    uint64_t slot = 0;
    if (!role_find(span_of(role_text), &role))
        return wrong("there is no such role", role_text);
    if (slot_text && !span_u64(span_of(slot_text), COURIERS_MAX - 1, &slot))
        return wrong("that is not a slot", slot_text);
    return role_main(role, (unsigned)slot, couriers, path);
}

static int serve_all(const char *path, const char *workers)
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
        code = master_main(&config, bytes_span(&text), couriers);
    config_free(&config);
    bytes_fini(&text);
    bytes_fini(&why);
    return code;
}

int cmd_serve(int argc, char **argv)
{
    const char *file = NULL, *workers = NULL, *role = NULL, *slot = NULL;
    const struct arg items[] = {{"-c", &file, NULL},
                                {"--workers", &workers, NULL},
                                {"--role", &role, NULL},
                                {"--slot", &slot, NULL}};
    const struct args args = {items, 4, usage, 0, 0};
    unsigned couriers = 0;
    if (!args_read(&args, argc, argv, NULL))
        return 2;
    if (workers && !couriers_read(workers, &couriers))
        return wrong("--workers is auto or 0 to 64, not", workers);
    const char *path = config_find(file);
    if (!path) {
        fprintf(stderr,
                "weir: no configuration: neither ./weir.yaml nor /etc/weir/weir.yaml is there; "
                "`weir init` writes one\n");
        return 1;
    }
    return role ? serve_role(role, slot, couriers, path) : serve_all(path, workers);
}
