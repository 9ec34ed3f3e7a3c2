/* metrics: one array of numbers behind a table of definitions, and their text.
 *
 * Each metric owns a run of cells: one for each label value, or one; a histogram has its buckets
 * (not cumulative in memory), then the overflow, then the sum.
 *
 * May not know: any metric's name or meaning. */
#include "common/io/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

enum {
    BOUNDS = sizeof bounds / sizeof *bounds,
    CELL_OVER = BOUNDS, /* above the last bound */
    CELL_SUM = BOUNDS + 1,
    HISTOGRAM_CELLS = BOUNDS + 2,
};

static const struct metric_def *defs_now;
static size_t defs_n;
static size_t *first_cell; /* by metric; one more at the end */
static double *cells;

static size_t cells_of(const struct metric_def *d)
{
    if (d->kind == METRIC_HISTOGRAM)
        return HISTOGRAM_CELLS;
    return d->label ? d->values_n : 1;
}

void metrics_setup(const struct metric_def *defs, size_t n)
{
    metrics_fini();
    defs_now = defs;
    defs_n = n;
    first_cell = mem_new((n + 1) * sizeof *first_cell);
    for (size_t i = 0; i < n; i++)
        first_cell[i + 1] = first_cell[i] + cells_of(&defs[i]);
    cells = mem_new(first_cell[n] * sizeof *cells);
}

void metrics_fini(void)
{
    free(first_cell);
    free(cells);
    first_cell = NULL;
    cells = NULL;
    defs_now = NULL;
    defs_n = 0;
}

/* NULL where there is no such metric of that kind, or no such value of its label. */
static double *cell(size_t metric, size_t value, bool histogram)
{
    if (metric >= defs_n || value >= first_cell[metric + 1] - first_cell[metric])
        return NULL;
    if ((defs_now[metric].kind == METRIC_HISTOGRAM) != histogram)
        return NULL;
    return &cells[first_cell[metric] + value];
}

void metric_add(size_t metric, size_t value, double by)
{
    double *c = cell(metric, value, false);
    if (c && (by >= 0 || defs_now[metric].kind == METRIC_GAUGE))
        *c += by;
}

void metric_set(size_t metric, size_t value, double to)
{
    double *c = cell(metric, value, false);
    if (c && defs_now[metric].kind == METRIC_GAUGE)
        *c = to;
}

void metric_seen(size_t metric, double seconds)
{
    double *c = cell(metric, 0, true);
    if (!c || !isfinite(seconds))
        return;
    size_t i = 0;
    while (i < BOUNDS && seconds > bounds[i])
        i++;
    c[i] += 1;
    c[CELL_SUM] += seconds;
}

static double seen_in_all(const double *c)
{
    double all = 0;
    for (size_t i = 0; i <= CELL_OVER; i++)
        all += c[i];
    return all;
}

double metric_get(size_t metric, size_t value)
{
    const double *c = cell(metric, value, false);
    if (c)
        return *c;
    c = cell(metric, 0, true);
    return c ? seen_in_all(c) : 0;
}

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

static void write_histogram(struct bytes *out, const char *name, const double *c)
{
    double below = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        below += c[i];
        bytes_addf(out, "%s_bucket{le=\"", name);
        write_number(out, bounds[i]);
        bytes_add_str(out, "\"} ");
        write_number(out, below);
        bytes_add_char(out, '\n');
    }
    bytes_addf(out, "%s_bucket{le=\"+Inf\"} ", name);
    write_number(out, seen_in_all(c));
    bytes_addf(out, "\n%s_sum ", name);
    write_number(out, c[CELL_SUM]);
    bytes_addf(out, "\n%s_count ", name);
    write_number(out, seen_in_all(c));
    bytes_add_char(out, '\n');
}

static void write_values(struct bytes *out, const struct metric_def *d, const double *c)
{
    for (size_t i = 0; i < cells_of(d); i++) {
        bytes_add_str(out, d->name);
        if (d->label) {
            bytes_addf(out, "{%s=\"", d->label);
            write_escaped(out, d->values[i], true);
            bytes_add_str(out, "\"}");
        }
        bytes_add_char(out, ' ');
        write_number(out, c[i]);
        bytes_add_char(out, '\n');
    }
}

void metrics_write(struct bytes *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (size_t i = 0; i < defs_n; i++) {
        const struct metric_def *d = &defs_now[i];
        bytes_addf(out, "# HELP %s ", d->name);
        write_escaped(out, d->help, false);
        bytes_addf(out, "\n# TYPE %s %s\n", d->name, kinds[d->kind]);
        if (d->kind == METRIC_HISTOGRAM)
            write_histogram(out, d->name, &cells[first_cell[i]]);
        else
            write_values(out, d, &cells[first_cell[i]]);
    }
}
