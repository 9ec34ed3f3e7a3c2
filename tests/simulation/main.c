/* simulation: lives as many worlds as one likes, each from a seed, and says what happened.
 *
 *     simulation --seeds N --from S [--jobs J]    N worlds, seeds S to S + N - 1
 *     simulation --seed S [--trace | --trace-all]  one; with the last steps of it, or all
 *
 * Ends with 1 where a world broke: the first such seed lives its life again, exactly. May not know:
 * what is wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

enum { JOBS_MAX = 64, TRACED = 400, TRACED_ALL = 1000000 };

struct report {    /* of one process; shared */
    uint64_t seed; /* that it is at */
    uint64_t seeds, large, virtual_ms;
    uint64_t broken_seed;
    bool broken, done;
    char why[400];
    struct tally tally;
};

struct options {
    uint64_t seeds, from, jobs;
    size_t trace; /* so many steps */
    bool quiet;
};

static void add(struct tally *sum, const struct tally *one)
{
#define X(name, text) sum->name += one->name;
    TALLIES(X)
#undef X
}

static void print_trace(const struct world *w)
{
    for (size_t i = 0; i < w->tracing; i++) {
        const char *line = w->traced[(w->traced_n + i) % w->tracing];
        if (line)
            printf("%s\n", line);
    }
}

static void live(uint64_t seed, size_t trace, struct report *r)
{
    struct world *w = mem_new(sizeof(*w));
    r->seed = seed;
    world_live(w, seed, trace);
    r->seeds++;
    r->large += w->plan.large;
    r->virtual_ms += (uint64_t)now_ms(w);
    add(&r->tally, &w->tally);
    if (w->broken[0] && !r->broken) {
        r->broken = true;
        r->broken_seed = seed;
        memcpy(r->why, w->broken, sizeof(r->why));
    }
    if (trace)
        print_trace(w);
    world_fini(w);
    free(w);
}

static void work(const struct options *o, uint64_t job, struct report *r)
{
    for (uint64_t i = job; i < o->seeds && !r->broken; i += o->jobs)
        live(o->from + i, o->trace, r);
    r->done = true;
}

/* --- what is said ------------------------------------------------------------------------------
 */

static void print_totals(const struct report *all, const struct options *o)
{
    printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64
           " of them with 1,000 hosts or more; %.1f years of virtual time\n",
           all->seeds, o->from, all->large, (double)all->virtual_ms / 365.25 / (double)DAY);
    size_t column = 0;
#define X(name, text)                                                                              \
    printf("%12" PRIu64 "  %-58s%s", all->tally.name, text, ++column % 2 ? "" : "\n");
    TALLIES(X)
#undef X
    printf("%s", column % 2 ? "\n" : "");
}

static unsigned zeros(const struct tally *t)
{
    unsigned n = 0;
#define X(name, text)                                                                              \
    if (!t->name) {                                                                                \
        printf("never happened: %s\n", text);                                                      \
        n++;                                                                                       \
    }
    TALLIES(X)
#undef X
    return n;
}

/* --- many at once ------------------------------------------------------------------------------
 */

static void gather(struct report *reports, const struct options *o, struct report *all)
{
    for (uint64_t job = 0; job < o->jobs; job++) {
        struct report *r = &reports[job];
        if (!r->done) { /* it died */
            r->broken = true;
            r->broken_seed = r->seed;
            snprintf(r->why, sizeof(r->why), "the program ends in the middle of it");
        }
        add(&all->tally, &r->tally);
        all->seeds += r->seeds;
        all->large += r->large;
        all->virtual_ms += r->virtual_ms;
        if (!r->broken || (all->broken && all->broken_seed <= r->broken_seed))
            continue;
        all->broken = true;
        all->broken_seed = r->broken_seed;
        memcpy(all->why, r->why, sizeof(all->why));
    }
}

static void live_all(const struct options *o, struct report *all)
{
    size_t size = o->jobs * sizeof(struct report);
    struct report *reports =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reports == MAP_FAILED)
        abort();
    fflush(stdout);
    for (uint64_t job = 0; job < o->jobs; job++) {
        pid_t child = fork();
        if (child < 0)
            abort();
        if (child == 0) {
            work(o, job, &reports[job]);
            exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    gather(reports, o, all);
    munmap(reports, size);
}

/* --- options -----------------------------------------------------------------------------------
 */

static bool read_options(int argc, char **argv, struct options *o)
{
    bool ok = true;
    for (int i = 1; ok && i < argc; i++) {
        const char *name = argv[i];
        struct span value = i + 1 < argc ? span_of(argv[i + 1]) : SPAN_NONE;
        if (strcmp(name, "--trace") == 0) {
            o->trace = TRACED;
        } else if (strcmp(name, "--trace-all") == 0) {
            o->trace = TRACED_ALL;
        } else if (strcmp(name, "--quiet") == 0) {
            o->quiet = true;
        } else if (strcmp(name, "--seed") == 0) {
            ok = span_u64(value, UINT64_MAX, &o->from);
            o->seeds = 1;
            i++;
        } else if (strcmp(name, "--seeds") == 0) {
            ok = span_u64(value, UINT64_MAX, &o->seeds);
            i++;
        } else if (strcmp(name, "--from") == 0) {
            ok = span_u64(value, UINT64_MAX, &o->from);
            i++;
        } else if (strcmp(name, "--jobs") == 0) {
            ok = span_u64(value, JOBS_MAX, &o->jobs) && o->jobs > 0;
            i++;
        } else {
            ok = false;
        }
    }
    return ok;
}

int main(int argc, char **argv)
{
    struct options o = {.seeds = 100, .from = 1, .jobs = 1};
    struct report *all = mem_new(sizeof(*all));
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr,
                "simulation [--seeds N] [--from S] [--jobs J] [--quiet] | --seed S [--trace]\n");
        free(all);
        return 2;
    }
    if (o.seeds == 1)
        work(&o, 0, all);
    else
        live_all(&o, all);
    if (!o.quiet)
        print_totals(all, &o);
    unsigned missing = o.seeds >= 200 && !all->broken && !o.quiet ? zeros(&all->tally) : 0;
    if (all->broken)
        printf("seed %" PRIu64 ": %s\n", all->broken_seed, all->why);
    bool failed = all->broken || missing;
    free(all);
    return failed;
}
