/* metrics: counters, gauges and histograms with closed label sets, and their text exposition
 * (Prometheus 0.0.4). The table of what there is comes from above; this knows no names. What is not
 * in the table, or of another kind, counts nothing: machines run without a table in their tests. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

/* Of several processes (below), a counter, a histogram and a GAUGE are the sum of theirs. MOST and
 * LEAST are gauges of which the largest counts, or the smallest of those that are not 0 (who says 0
 * has nothing to say). */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_MOST, METRIC_LEAST, METRIC_HISTOGRAM };

/* `counter`, `gauge` or `histogram`. */
const char *metric_kind_name(enum metric_kind kind);

/* At most one label, whose values are a closed list; none where label is NULL. Histograms take
 * seconds and have no label. */
struct metric_def {
    const char *name; /* whole, with unit and `_total` */
    const char *help;
    enum metric_kind kind;
    const char *label;
    const char *const *values;
    size_t values_n;
};

/* Keeps defs, which must outlive everything; a metric's number is its place in defs. */
void metrics_setup(const struct metric_def *defs, size_t n);
void metrics_fini(void);

/* Several processes count on one page of shared memory, each in a slot of its own, so that there is
 * one writer for each number. All must have been set up with the same defs before. */
/* Makes the page and counts in its slot 0 from now on, from zero. The caller owns *ret_fd, which is
 * for the other processes (close-on-exec). ERR_FILE if the system has no memory for it. */
enum err metrics_share(size_t slots, int *ret_fd);
/* Counts in this slot of another process's page from now on: counters go on where they stand. fd is
 * not needed afterwards. ERR_FILE if it is no such page. */
enum err metrics_join(int fd, size_t slot);
/* The process of this slot has ended: what it said of itself (its gauges) is true no more. */
void metrics_gone(size_t slot);

void metric_add(size_t metric, size_t value,
                double by); /* counters and gauges; value 0 if no label */
void metric_set(size_t metric, size_t value, double to); /* gauges */
void metric_seen(size_t metric, double seconds);         /* histograms */
/* Of all processes together. */
double metric_get(size_t metric, size_t value);
void metrics_write(struct bytes *out);
