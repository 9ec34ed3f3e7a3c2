/* reload: one reading of the configuration at a time.
 *
 *     IDLE --asked--> READING --wrong--------------------------> (done) --> IDLE
 *                        |--right--> TELLING --all have answered--> (done) --^
 *
 * What is wrong changes nothing, anywhere. What is right has been accepted once the first role is
 * told: one that dies meanwhile starts with it. Who does not answer in time is named, and the rest
 * goes on.
 *
 * May not know: what a role does with it. */
#include "relay/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/config/diff.h"

enum { ANSWER_MS = 10000 };

struct reload {
    struct reload_config config;
    struct timer *begin, *late;
    bool *awaited; /* by worker */
    bool asked, again, again_asked, telling;
    enum err err;
    struct bytes why;
};

int reload_text_fd(struct span text, struct bytes *why)
{
    int fd = memfd_create("weir.yaml", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < text.n) {
        ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            close(fd);
            fd = -1;
        } else {
            done += (size_t)n;
        }
    }
    if (fd < 0)
        bytes_addf(why, "the configuration can't be handed on: %s", strerror(errno));
    return fd;
}

/* What is bound to a socket, a file, an identity or a process cannot change under a running relay.
 */
static bool same_identity(const struct config *a, const struct config *b, struct bytes *why)
{
    bool same = true;
    for (int i = 0; i < SETTING_COUNT_ALL; i++) {
        if (!config_needs_restart(a, b, i))
            continue;
        bytes_addf(why, "%s: %s can't change without a restart\n", b->path, settings_table[i].name);
        same = false;
    }
    return same;
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void reload_end(struct reload *r)
{
    timer_stop(r->late);
    r->telling = false;
    bool again = r->again;
    bool asked = r->asked;
    r->asked = r->again_asked;
    r->again = r->again_asked = false;
    r->config.done(r->config.arg, r->err, bytes_span(&r->why), asked);
    if (again)
        timer_start(r->begin, 0);
}

static void end_if_all_answered(struct reload *r)
{
    for (size_t i = 0; i < r->config.workers_n; i++)
        if (r->awaited[i])
            return;
    reload_end(r);
}

static void complain(struct reload *r, const struct worker *worker, struct span why)
{
    r->err = ERR_INTERNAL;
    bytes_addf(&r->why, "%s: %.*s\n", worker_name(worker), SPAN_ARG(why));
}

static void on_late(void *arg)
{
    struct reload *r = arg;
    for (size_t i = 0; i < r->config.workers_n; i++)
        if (r->awaited[i])
            complain(r, r->config.workers[i], SPAN("does not answer"));
    reload_end(r);
}

static bool *awaited(struct reload *r, const struct worker *worker)
{
    for (size_t i = 0; i < r->config.workers_n; i++)
        if (r->config.workers[i] == worker)
            return r->telling && r->awaited[i] ? &r->awaited[i] : NULL;
    return NULL;
}

void reload_told(struct reload *r, const struct worker *worker, enum role_word word,
                 struct span why)
{
    bool *waits = awaited(r, worker);
    if (!waits)
        return;
    *waits = false;
    if (word == ROLE_SAYS_REFUSED)
        complain(r, worker, why);
    end_if_all_answered(r);
}

/* The next one of it finds the other text from the start. */
void reload_gone(struct reload *r, const struct worker *worker)
{
    bool *waits = awaited(r, worker);
    if (!waits)
        return;
    *waits = false;
    end_if_all_answered(r);
}

static void tell_workers(struct reload *r, int fd)
{
    close(r->config.start->config_fd);
    r->config.start->config_fd = fd;
    r->telling = true;
    for (size_t i = 0; i < r->config.workers_n; i++)
        r->awaited[i] = worker_tell(r->config.workers[i], ROLE_SAYS_RELOAD, SPAN_NONE, fd);
    timer_start(r->late, ANSWER_MS);
    end_if_all_answered(r);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static enum err read_file(struct reload *r, struct bytes *text, struct config **ret)
{
    enum err e = config_text(r->config.path, text, &r->why);
    if (e == ERR_OK)
        e = config_read(bytes_span(text), r->config.path, &r->why, ret);
    if (e == ERR_OK && !same_identity(*r->config.config, *ret, &r->why)) {
        config_free(ret);
        e = ERR_USAGE;
    }
    return e;
}

/* The roles own what they go by: it is read twice. */
static void swap(struct reload *r, struct span text, struct config **config, int fd)
{
    struct config *theirs = NULL;
    config_free(r->config.config);
    *r->config.config = *config;
    *config = NULL;
    if (fd >= 0) {
        tell_workers(r, fd);
        return;
    }
    r->err = config_read(text, r->config.path, &r->why, &theirs);
    if (r->err == ERR_OK) {
        sha256_hex(text, theirs->digest);
        roles_take_config(r->config.roles, &theirs);
    }
    reload_end(r);
}

static void on_begin(void *arg)
{
    struct reload *r = arg;
    struct config *config = NULL;
    struct bytes text;
    int fd = -1;
    bytes_clear(&r->why);
    bytes_init(&text, CONFIG_FILE_MAX);
    r->err = read_file(r, &text, &config);
    if (r->err == ERR_OK && !r->config.roles) {
        fd = reload_text_fd(bytes_span(&text), &r->why);
        r->err = fd < 0 ? ERR_FILE : ERR_OK;
    }
    if (r->err == ERR_OK)
        swap(r, bytes_span(&text), &config, fd);
    else
        reload_end(r);
    config_free(&config);
    bytes_fini(&text);
}

/* --- life ---------------------------------------------------------------------------------------
 */

struct reload *reload_new(const struct reload_config *config)
{
    struct reload *r = mem_new(sizeof(*r));
    r->config = *config;
    r->awaited = mem_new((config->workers_n + 1) * sizeof(*r->awaited));
    r->begin = timer_new(config->loop, on_begin, r);
    r->late = timer_new(config->loop, on_late, r);
    bytes_init(&r->why, CONFIG_WHY_MAX);
    return r;
}

void reload_ask(struct reload *r, bool asked)
{
    if (r->telling) {
        r->again = true;
        r->again_asked = r->again_asked || asked;
        return;
    }
    r->asked = r->asked || asked;
    timer_start(r->begin, 0);
}

void reload_free(struct reload **reload)
{
    struct reload *r = *reload;
    *reload = NULL;
    if (!r)
        return;
    timer_free(&r->begin);
    timer_free(&r->late);
    bytes_fini(&r->why);
    free(r->awaited);
    free(r);
}
