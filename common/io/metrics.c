/* metrics: one array of numbers behind a table of definitions, and their text.
 *
 * Each metric owns a run of cells: one for each label value, or one; a histogram has its buckets
 * (not cumulative in memory), then the overflow, then the sum.
 *
 * A page is such an array for each slot, one behind the other; ours alone, or shared memory. Only
 * the process that has a slot writes there, everyone adds up all of them. A number is one aligned
 * machine word: it is never seen half written, and no order among them is promised.
 *
 * May not know: any metric's name or meaning. */
#include "common/io/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const double bounds[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

enum {
    BOUNDS = sizeof bounds / sizeof *bounds,
    CELL_OVER = BOUNDS, /* above the last bound */
    CELL_SUM = BOUNDS + 1,
    HISTOGRAM_CELLS = BOUNDS + 2,
    CELLS_A_LINE = 64 / sizeof(double), /* slots don't share cache lines */
};

static const struct metric_def *defs_now;
static size_t defs_n;
static size_t *first_cell; /* by metric; one more at the end */
static double *page;       /* all slots */
static size_t slots_n, slot_cells;
static size_t shared_bytes; /* 0: the page is ours alone */
static double *cells;       /* our slot */

const char *metric_kind_name(enum metric_kind kind)
{
    static const char *const names[] = {"counter", "gauge", "gauge", "gauge", "histogram"};
    return names[kind];
}

static size_t cells_of(const struct metric_def *d)
{
    if (d->kind == METRIC_HISTOGRAM)
        return HISTOGRAM_CELLS;
    return d->label ? d->values_n : 1;
}

static bool is_gauge(const struct metric_def *d)
{
    return d->kind == METRIC_GAUGE || d->kind == METRIC_MOST || d->kind == METRIC_LEAST;
}

static void page_drop(void)
{
    if (shared_bytes)
        munmap(page, shared_bytes);
    else
        free(page);
    page = cells = NULL;
    slots_n = shared_bytes = 0;
}

void metrics_setup(const struct metric_def *defs, size_t n)
{
    metrics_fini();
    defs_now = defs;
    defs_n = n;
    first_cell = mem_new((n + 1) * sizeof *first_cell);
    for (size_t i = 0; i < n; i++)
        first_cell[i + 1] = first_cell[i] + cells_of(&defs[i]);
    slot_cells = (first_cell[n] + CELLS_A_LINE - 1) / CELLS_A_LINE * CELLS_A_LINE;
    page = cells = mem_new(slot_cells * sizeof *cells);
    slots_n = 1;
}

void metrics_fini(void)
{
    page_drop();
    free(first_cell);
    first_cell = NULL;
    defs_now = NULL;
    defs_n = 0;
}

/* --- the shared page ------------------------------------------------------------------------- */

static enum err page_map(int fd, size_t slots, size_t slot)
{
    size_t n = slots * slot_cells * sizeof *page;
    void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return ERR_FILE;
    page_drop();
    page = at;
    shared_bytes = n;
    slots_n = slots;
    cells = page + slot * slot_cells;
    return ERR_OK;
}

enum err metrics_share(size_t slots, int *ret_fd)
{
    int fd = memfd_create("weir metrics", MFD_CLOEXEC);
    if (fd < 0)
        return ERR_FILE;
    enum err e = ERR_FILE;
    if (ftruncate(fd, (off_t)(slots * slot_cells * sizeof *page)) == 0)
        e = page_map(fd, slots, 0);
    if (e != ERR_OK)
        close(fd);
    else
        *ret_fd = fd;
    return e;
}

enum err metrics_join(int fd, size_t slot)
{
    struct stat st;
    size_t each = slot_cells * sizeof *page;
    if (each == 0 || fstat(fd, &st) != 0 || st.st_size % (off_t)each != 0 ||
        slot >= (size_t)st.st_size / each)
        return ERR_FILE;
    return page_map(fd, (size_t)st.st_size / each, slot);
}

/* --- numbers --------------------------------------------------------------------------------- */

static double load(const double *cell)
{
    double v;
    __atomic_load(cell, &v, __ATOMIC_RELAXED);
    return v;
}

static void store(double *cell, double v)
{
    __atomic_store(cell, &v, __ATOMIC_RELAXED);
}

void metrics_gone(size_t slot)
{
    if (slot >= slots_n)
        return;
    for (size_t i = 0; i < defs_n; i++)
        for (size_t c = first_cell[i]; is_gauge(&defs_now[i]) && c < first_cell[i + 1]; c++)
            store(&page[slot * slot_cells + c], 0);
}

static double two(enum metric_kind kind, double a, double b)
{
    switch (kind) {
    case METRIC_MOST: return a > b ? a : b;
    case METRIC_LEAST: return a == 0 || (b != 0 && b < a) ? b : a;
    default: return a + b;
    }
}

/* A cell of all slots. */
static double total(size_t cell, enum metric_kind kind)
{
    double all = slots_n ? load(&page[cell]) : 0;
    for (size_t s = 1; s < slots_n; s++)
        all = two(kind, all, load(&page[s * slot_cells + cell]));
    return all;
}

/* The place of a cell in its slot; false where there is no such metric of that kind, or no such
 * value of its label. */
static bool find(size_t metric, size_t value, bool histogram, size_t *ret)
{
    if (metric >= defs_n || value >= first_cell[metric + 1] - first_cell[metric])
        return false;
    *ret = first_cell[metric] + value;
    return (defs_now[metric].kind == METRIC_HISTOGRAM) == histogram;
}

void metric_add(size_t metric, size_t value, double by)
{
    size_t c;
    if (find(metric, value, false, &c) && (by >= 0 || is_gauge(&defs_now[metric])))
        store(&cells[c], cells[c] + by);
}

void metric_set(size_t metric, size_t value, double to)
{
    size_t c;
    if (find(metric, value, false, &c) && is_gauge(&defs_now[metric]))
        store(&cells[c], to);
}

void metric_seen(size_t metric, double seconds)
{
    size_t c;
    if (!find(metric, 0, true, &c) || !isfinite(seconds))
        return;
    size_t i = 0;
    while (i < BOUNDS && seconds > bounds[i])
        i++;
    store(&cells[c + i], cells[c + i] + 1);
    store(&cells[c + CELL_SUM], cells[c + CELL_SUM] + seconds);
}

static double seen_in_all(size_t first)
{
    double all = 0;
    for (size_t i = 0; i <= CELL_OVER; i++)
        all += total(first + i, METRIC_HISTOGRAM);
    return all;
}

double metric_get(size_t metric, size_t value)
{
    size_t c;
    if (find(metric, value, false, &c))
        return total(c, defs_now[metric].kind);
    return find(metric, 0, true, &c) ? seen_in_all(c) : 0;
}

/* --- text ------------------------------------------------------------------------------------ */

/* The fewest digits that read back as the same number; a point whatever the locale says. */
static void write_number(struct bytes *out, double v)
{
    if (!isfinite(v)) {
        bytes_add_str(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    struct bytes text;
    bytes_init(&text, 64);
    for (int digits = 6; digits <= 17; digits++) {
        bytes_clear(&text);
        bytes_addf(&text, "%.*g", digits, v);
        if (strtod(bytes_str(&text), NULL) == v)
            break;
    }
    char *comma = memchr(text.p, ',', text.n);
    if (comma)
        *comma = '.';
    bytes_add(out, bytes_span(&text));
    bytes_fini(&text);
}

/* The exposition format escapes a backslash and a line feed, and in label values the quote. */
static void write_escaped(struct bytes *out, const char *text, bool quote)
{
    for (; *text; text++) {
        if (*text == '\n')
            bytes_add_str(out, "\\n");
        else if (*text == '\\' || (*text == '"' && quote))
            bytes_addf(out, "\\%c", *text);
        else
            bytes_add_char(out, *text);
    }
}

static void write_histogram(struct bytes *out, const char *name, size_t first)
{
    double below = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        below += total(first + i, METRIC_HISTOGRAM);
        bytes_addf(out, "%s_bucket{le=\"", name);
        write_number(out, bounds[i]);
        bytes_add_str(out, "\"} ");
        write_number(out, below);
        bytes_add_char(out, '\n');
    }
    double all =
        below + total(first + CELL_OVER, METRIC_HISTOGRAM); /* read once: they go on counting */
    bytes_addf(out, "%s_bucket{le=\"+Inf\"} ", name);
    write_number(out, all);
    bytes_addf(out, "\n%s_sum ", name);
    write_number(out, total(first + CELL_SUM, METRIC_HISTOGRAM));
    bytes_addf(out, "\n%s_count ", name);
    write_number(out, all);
    bytes_add_char(out, '\n');
}

static void write_values(struct bytes *out, const struct metric_def *d, size_t first)
{
    for (size_t i = 0; i < cells_of(d); i++) {
        bytes_add_str(out, d->name);
        if (d->label) {
            bytes_addf(out, "{%s=\"", d->label);
            write_escaped(out, d->values[i], true);
            bytes_add_str(out, "\"}");
        }
        bytes_add_char(out, ' ');
        write_number(out, total(first + i, d->kind));
        bytes_add_char(out, '\n');
    }
}

void metrics_write(struct bytes *out)
{
    for (size_t i = 0; i < defs_n; i++) {
        const struct metric_def *d = &defs_now[i];
        bytes_addf(out, "# HELP %s ", d->name);
        write_escaped(out, d->help, false);
        bytes_addf(out, "\n# TYPE %s %s\n", d->name, metric_kind_name(d->kind));
        if (d->kind == METRIC_HISTOGRAM)
            write_histogram(out, d->name, first_cell[i]);
        else
            write_values(out, d, first_cell[i]);
    }
}
