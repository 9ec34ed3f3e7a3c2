/* torture: children, and what they tell.
 *
 * A child plays the scenario with one mishap. If its relay dies of it (which allocations of our own
 * do by law: DESIGN 8), the handler of SIGABRT starts another in the same world and plays on: what
 * is asked of the end is the same. The parent asks for the child's own verdict, a clean exit, and,
 * of a relay that died, that it said why. May not know: what a scenario is about. */
#include "tests/scenario/torture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/scenario/torture_alloc.h"

enum { AT_ONCE = 2, SHORT = 16, SAID_MAX = 65536, NULL_PAGE = 4096, LEAKS_EACH = 4 };

/* What a child tells its parent; shared. */
struct told {
    unsigned chances;
    bool finished, met, died;
    bool crashed; /* in a library that had no memory */
    char why[STAGE_WHY];
};

struct run {
    const struct scenario *scenario;
    enum mishap mishap;
    unsigned nth;
    enum fake_lie lie;
};

struct child {
    struct run run;
    pid_t pid;
    struct told *told;
    FILE *said; /* its standard error */
};

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* WEIR_TORTURE=SCENARIO[:KIND[:N]]: that alone; one run with its log if it fails. */
struct wish {
    char scenario[32];
    uint64_t kind, nth; /* 0: all */
    bool one;
};

static struct wish read_wish(void)
{
    struct wish wish = {.kind = 0};
    struct span rest = span_of(getenv("WEIR_TORTURE"));
    span_copy(span_cut(&rest, ':'), wish.scenario, sizeof(wish.scenario));
    span_u64(span_cut(&rest, ':'), MISHAP_COUNT - 1, &wish.kind);
    wish.one = span_u64(rest, UINT32_MAX, &wish.nth);
    return wish;
}

/* json-c loses what it had when it has no more. */
const char *__lsan_default_suppressions(void);
static enum mishap child_of;
static bool looks_for_leaks; /* which takes as long as the rest */
const char *__lsan_default_suppressions(void)
{
    return child_of == MISHAP_LIBRARY ? "leak:libjson-c\n" : "";
}

/* --- in the child ----------------------------------------------------------------------------- */

static struct stage *stage;
static struct told *told; /* NULL in the parent */

/* A test that failed in a child came back here, and would go on as if it were the parent. */
static void not_in_a_child(void)
{
    if (told)
        _exit(3);
}

/* What ends a process below is a call of its own, in the one thread that there is, at a place where
 * an allocation failed; no signal comes from elsewhere.
 * NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c) */
static _Noreturn void finish(void)
{
    torture_alloc_end();
    told->chances = mishap_chances();
    told->met = mishap_met();
    told->died = stage->died;
    snprintf(told->why, sizeof(told->why), "%s", stage->why);
    bool quiet = stage->died || stage->why[0];
    if (stage->why[0] && read_wish().one)
        fprintf(stderr, "%s", fake_log());
    if (!quiet) {
        stage_end(stage);
        free(stage);
        stage = NULL;
        if (looks_for_leaks && __lsan_do_recoverable_leak_check &&
            __lsan_do_recoverable_leak_check())
            snprintf(told->why, sizeof(told->why), "memory was lost");
    }
    told->finished = true;
    _exit(0);
}

/* json-c 0.16 looks into what it has not got: then that is what the relay died of. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    bool in_library = torture_in_library((uintptr_t)at->uc_mcontext.gregs[REG_RIP]);
    if (stage->died || !mishap_met() || !in_library || (uintptr_t)info->si_addr > NULL_PAGE) {
        signal(number, SIG_DFL);
        return;
    }
    told->crashed = true;
    stage_died(stage);
    stage_run(stage);
    finish();
}

static void on_abort(int number)
{
    (void)number;
    if (stage->died || !mishap_met()) {
        signal(SIGABRT, SIG_DFL);
        return;
    }
    stage_died(stage);
    stage_run(stage);
    finish();
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

static _Noreturn void play(const struct run *run)
{
    static const int crashes[] = {SIGBUS, SIGFPE, SIGILL};
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &crash, NULL);
    for (size_t i = 0; i < 3; i++) /* cmocka would take them for a test that failed */
        signal(crashes[i], SIG_DFL);
    child_of = run->mishap;
    looks_for_leaks = getenv("WEIR_TEST_FULL") || run->nth % LEAKS_EACH == 0;
    stage = mem_new(sizeof(*stage));
    sigaction(SIGABRT, &(struct sigaction){.sa_handler = on_abort}, NULL);
    mishap_set(run->mishap, run->nth);
    torture_alloc_begin();
    run->scenario->play(stage);
    fake_lie(run->lie);
    stage_run(stage);
    finish();
}

/* --- in the parent ---------------------------------------------------------------------------- */

static void begin(struct child *c, const struct run *run)
{
    *c = (struct child){.run = *run};
    c->told =
        mmap(NULL, sizeof(*c->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    c->said = tmpfile();
    if (c->told == MAP_FAILED || !c->said)
        fail_msg("no room for a child");
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0) {
        dup2(fileno(c->said), STDERR_FILENO);
        dup2(fileno(c->said), STDOUT_FILENO);
        told = c->told;
        play(run);
    }
    if (c->pid < 0)
        fail_msg("no child");
}

static void read_said(FILE *file, char *text, size_t size)
{
    size_t n = fseek(file, 0, SEEK_SET) == 0 ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
}

/* Ends it; whether everything held. */
static bool end(struct child *c, struct told *ret)
{
    static char said[SAID_MAX];
    int status = 0;
    waitpid(c->pid, &status, 0);
    *ret = *c->told;
    read_said(c->said, said, sizeof(said));
    fclose(c->said);
    munmap(c->told, sizeof(*c->told));
    if (!ret->why[0] && (!ret->finished || status != 0))
        snprintf(ret->why, sizeof(ret->why), "it ended with %s %d",
                 WIFSIGNALED(status) ? "signal" : "code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (!ret->why[0] && ret->died && !ret->crashed && !strstr(said, "weir: out of memory"))
        snprintf(ret->why, sizeof(ret->why), "it died, and did not say why");
    if (ret->why[0] && c->run.lie == LIE_NONE)
        print_message("%s, %s (WEIR_TORTURE=%s:%u:%u): %s\n%s\n", c->run.scenario->name,
                      mishap_text(c->run.mishap), c->run.scenario->name, c->run.mishap, c->run.nth,
                      ret->why, said);
    return !ret->why[0];
}

/* Once, without any trouble: how many chances there are. */
static unsigned count(const struct scenario *scenario, enum mishap mishap)
{
    struct child child;
    struct told t;
    struct run run = {.scenario = scenario, .mishap = mishap};
    begin(&child, &run);
    if (!end(&child, &t))
        fail_msg("%s does not hold without any trouble", scenario->name);
    return t.chances;
}

struct tally {
    unsigned runs, died, crashed, bad;
    bool met; /* by every one so far */
};

static void gather(struct child *children, size_t n, struct tally *tally)
{
    for (size_t i = 0; i < n; i++) {
        struct told t;
        tally->runs++;
        tally->bad += !end(&children[i], &t);
        tally->died += t.died;
        tally->crashed += t.crashed;
        tally->met = tally->met && t.met;
    }
}

/* One kind. Every so many, and beyond the last. */
static unsigned each(const struct scenario *scenario, enum mishap mishap)
{
    struct tally tally = {.met = true};
    unsigned n = count(scenario, mishap);
    unsigned most = getenv("WEIR_TEST_FULL") ? n : SHORT;
    unsigned stride = n > most ? (n + most - 1) / most : 1;
    struct child children[AT_ONCE];
    unsigned first = 1 + (unsigned)mishap % stride; /* not of each kind the same */
    for (unsigned nth = first; tally.met && tally.bad < 3;) {
        size_t i = 0;
        for (; i < AT_ONCE; i++, nth += stride)
            begin(&children[i], &(struct run){scenario, mishap, nth, LIE_NONE});
        gather(children, i, &tally);
    }
    print_message("# %s: %s: N %u", scenario->name, mishap_text(mishap), n);
    if (stride > 1)
        print_message(", one in %u of them (WEIR_TEST_FULL=1: all)", stride);
    print_message(", %u runs", tally.runs);
    if (tally.died)
        print_message(", %u died and were started again", tally.died);
    if (tally.crashed)
        print_message(" (%u inside the library)", tally.crashed);
    print_message("\n");
    return tally.bad;
}

static unsigned one(const struct run *run)
{
    struct child child;
    struct told t;
    begin(&child, run);
    return !end(&child, &t);
}

void torture(const struct scenario *scenario)
{
    struct wish wish = read_wish();
    unsigned bad = 0;
    not_in_a_child();
    if (wish.scenario[0] && strcmp(wish.scenario, scenario->name) != 0)
        return;
    if (wish.one)
        bad = one(&(struct run){scenario, (enum mishap)wish.kind, (unsigned)wish.nth, LIE_NONE});
    for (enum mishap m = MISHAP_NONE + 1; m < MISHAP_COUNT && !wish.one; m++)
        if (!wish.kind || wish.kind == m)
            bad += each(scenario, m);
    assert_int_equal(bad, 0);
}

bool torture_sees(const struct scenario *scenario, enum fake_lie lie, const char *what)
{
    struct child child;
    struct told t;
    not_in_a_child();
    begin(&child, &(struct run){.scenario = scenario, .lie = lie});
    end(&child, &t);
    bool seen = strstr(t.why, what) != NULL;
    if (!seen)
        print_message("%s: %s\n", scenario->name, t.why);
    return seen;
}
