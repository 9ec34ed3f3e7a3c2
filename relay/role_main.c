/* role_main: one role in a process of its own: takes up what the master handed down, runs the role,
 * and says how it is.
 *
 *     taking up -> running -> draining (SIGTERM, or nothing will mend it) -> end
 *
 * What goes wrong at the start is said to the master, which says it to people. Without a master
 * there is no role: the system kills it with the master, and if the channel should close first, it
 * ends by itself.
 *
 * May not know: what the role does; other processes. */
#include "relay/role_main.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/io/channel.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/meters.h"
#include "relay/roles.h"

struct process {
    struct loop *loop;
    struct channel *master;
    struct roles *roles;
    struct loop_signal *term, *interrupt;
    const char *path;
    bool draining;
    int exit_code;
};

size_t role_page(enum role role, unsigned slot, unsigned fronts)
{
    switch (role) {
    case ROLE_STEWARD: return 1;
    case ROLE_FRONT: return 2 + (size_t)slot;
    default: return 2 + (size_t)fronts + slot;
    }
}

/* --- what it says --------------------------------------------------------------------------------
 */

static void say(struct process *p, enum role_word word, struct span why)
{
    struct bytes message;
    bytes_init(&message, CHANNEL_TEXT_MAX);
    role_message_write(&message, word, why);
    if (p->master)
        (void)channel_tell(p->master, bytes_span(&message), -1); /* a master that is gone takes us
                                                                    along */
    bytes_fini(&message);
}

static void on_drained(void *arg)
{
    struct process *p = arg;
    loop_stop(p->loop);
}

static void drain(struct process *p, int exit_code)
{
    if (p->draining)
        return;
    p->draining = true;
    p->exit_code = exit_code;
    roles_drain(p->roles, on_drained, p);
}

static void on_role(void *arg, enum role_word word, const char *why)
{
    struct process *p = arg;
    say(p, word, span_of(why));
    if (word == ROLE_SAYS_FATAL)
        drain(p, 1);
}

static void on_wanted(void *arg)
{
    say(arg, ROLE_SAYS_RELOAD, SPAN_NONE);
}

static void on_term(void *arg)
{
    drain(arg, 0);
}

/* --- what it hears -------------------------------------------------------------------------------
 */

static enum err read_config(int fd, const char *path, struct bytes *why, struct config **ret)
{
    char file[32];
    struct bytes text;
    bytes_init(&text, CONFIG_FILE_MAX);
    snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
    enum err e = config_text(file, &text, why);
    if (e == ERR_OK)
        e = config_read(bytes_span(&text), path, why, ret);
    if (e == ERR_OK)
        sha256_hex(bytes_span(&text), (*ret)->digest);
    bytes_fini(&text);
    return e;
}

static void setup_log(const struct config *config)
{
    log_setup((enum log_format)config->set.log_format, (enum log_level)config->set.log_level);
}

static void reload(struct process *p, int fd)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = read_config(fd, p->path, &why, &config);
    if (e == ERR_OK) {
        setup_log(config);
        roles_take_config(p->roles, &config);
    }
    say(p, e == ERR_OK ? ROLE_SAYS_RELOADED : ROLE_SAYS_REFUSED, bytes_span(&why));
    bytes_fini(&why);
}

static void on_told(void *arg, struct span message, int fd)
{
    struct process *p = arg;
    enum role_word word;
    struct span why;
    if (!message.p)
        _exit(1); /* the master is gone: nobody is left to end in order for, and the system's
                     SIGKILL is on its way */
    if (role_message_read(message, &word, &why) && !p->draining) {
        if (word == ROLE_SAYS_RELOAD && fd >= 0)
            reload(p, fd);
        else if (word == ROLE_SAYS_READY || word == ROLE_SAYS_WAITS)
            roles_others(p->roles, word == ROLE_SAYS_READY, why);
        else if (word == ROLE_SAYS_RELOADED || word == ROLE_SAYS_REFUSED)
            roles_reloaded(p->roles, word == ROLE_SAYS_RELOADED ? ERR_OK : ERR_USAGE, why);
    }
    if (fd >= 0)
        close(fd);
}

/* --- life ----------------------------------------------------------------------------------------
 */

static bool has_master(void)
{
    for (int fd = ROLE_FD_LOCK; fd < ROLE_FD_END; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    return true;
}

static enum err take_up(struct process *p, enum role role, const struct roles_config *wanted,
                        struct bytes *why)
{
    struct config *config = NULL;
    char name[ROLE_NAME_SIZE];
    role_write(role, wanted->slot, name);
    enum err e = read_config(ROLE_FD_CONFIG, p->path, why, &config);
    if (e != ERR_OK)
        return e;
    setup_log(config);
    log_name(name);
    metrics_setup(meters_table(), METER_COUNT);
    log_meter(METER_LOG_DROPPED);
    e = metrics_join(ROLE_FD_METRICS, role_page(role, wanted->slot, (unsigned)config->set.fronts));
    if (e != ERR_OK)
        bytes_add_str(why, "the page of metrics is not one");
    else
        e = roles_new(wanted, &config, why, &p->roles);
    config_free(&config);
    return e;
}

static void process_fini(struct process *p)
{
    roles_free(&p->roles);
    loop_signal_free(&p->term);
    loop_signal_free(&p->interrupt);
    channel_free(&p->master);
    loop_free(&p->loop);
    metrics_fini();
}

int role_main(const struct role_start *start)
{
    char title[32];
    struct bytes why;
    struct process p = {.path = start->path};
    if (!has_master()) {
        fputs("weir: roles are started by `weir serve`: run that\n", stderr);
        return 2;
    }
    snprintf(title, sizeof(title), "weir-%s", role_name(start->role));
    prctl(PR_SET_NAME, title);
    signal(SIGHUP, SIG_IGN); /* the master's: it tells us */
    bytes_init(&why, CONFIG_WHY_MAX);
    p.loop = loop_new();
    p.master = channel_new(p.loop, ROLE_FD_CHANNEL, on_told, &p);
    struct roles_config wanted = {.loop = p.loop,
                                  .house = start->house,
                                  .slot = start->slot,
                                  .couriers = start->couriers,
                                  .told = on_role,
                                  .reload = on_wanted,
                                  .arg = &p};
    wanted.wanted.has[start->role] = true;
    enum err e = take_up(&p, start->role, &wanted, &why);
    if (e == ERR_OK) {
        p.term = loop_signal_new(p.loop, SIGTERM, on_term, &p);
        p.interrupt = loop_signal_new(p.loop, SIGINT, on_term, &p);
        loop_run(p.loop);
    } else {
        say(&p, ROLE_SAYS_FAILED, why.n ? bytes_span(&why) : span_of(err_title(e)));
        p.exit_code = 1;
    }
    bytes_fini(&why);
    process_fini(&p);
    return p.exit_code;
}
