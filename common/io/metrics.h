/* metrics: counters, gauges and histograms with closed label sets, and their text exposition
 * (Prometheus 0.0.4). The table of what there is comes from above; this knows no names. What is not
 * in the table, or of another kind, counts nothing: machines run without a table in their tests. */
#pragma once

#include "common/pure/bytes.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

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
void metric_add(size_t metric, size_t value,
                double by); /* counters and gauges; value 0 if no label */
void metric_set(size_t metric, size_t value, double to); /* gauges */
void metric_seen(size_t metric, double seconds);         /* histograms */
double metric_get(size_t metric, size_t value);
void metrics_write(struct bytes *out);
