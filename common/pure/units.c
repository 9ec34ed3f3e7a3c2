/* units: durations and sizes with their unit, and how far apart two names are.
 * May not know: which setting is being read. */
#include "common/pure/units.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_MAX_LEN = 63 };

struct unit {
    const char *name;
    int64_t worth;
};

/* Largest first: the shortest exact form is the first that divides. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit sizes[] = {
    {"GiB", 1 << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"", 1},
};

/* Digits, then one of the n units, with nothing between or behind; not above INT64_MAX. */
static bool read_with(struct span text, const struct unit *units, size_t n, int64_t *ret)
{
    size_t split = 0;
    while (split < text.n && text.p[split] >= '0' && text.p[split] <= '9')
        split++;
    struct span unit = {text.p + split, text.n - split};
    for (size_t i = 0; i < n; i++) {
        uint64_t count = 0;
        if (!span_eq_str(unit, units[i].name))
            continue;
        if (!span_u64((struct span){text.p, split}, (uint64_t)(INT64_MAX / units[i].worth), &count))
            return false;
        *ret = (int64_t)count * units[i].worth;
        return true;
    }
    return false;
}

/* 0 has no largest unit: it is written with the given one. */
static void write_with(struct bytes *out, const struct unit *units, int64_t value, const char *zero)
{
    const struct unit *u = units;
    while (value % u->worth != 0)
        u++;
    bytes_addf(out, "%" PRId64 "%s", value / u->worth, value ? u->name : zero);
}

bool duration_read(struct span text, int64_t *ret_ms)
{
    return read_with(text, durations, sizeof durations / sizeof *durations, ret_ms);
}

void duration_write(struct bytes *out, int64_t ms)
{
    write_with(out, durations, ms, "s");
}

bool size_read(struct span text, int64_t *ret)
{
    return read_with(text, sizes, sizeof sizes / sizeof *sizes, ret);
}

void size_write(struct bytes *out, int64_t size)
{
    write_with(out, sizes, size, "");
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned units_distance(struct span a, struct span b)
{
    /* Row i holds the distances of a's first i letters to every beginning of b; only the last
     * three rows are ever asked for. */
    unsigned rows[3][NAME_MAX_LEN + 1];
    if (a.n > NAME_MAX_LEN || b.n > NAME_MAX_LEN)
        return NAME_MAX_LEN + 1;
    for (unsigned k = 0; k <= b.n; k++)
        rows[0][k] = k;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned k = 1; k <= b.n; k++) {
            unsigned differ = a.p[i - 1] != b.p[k - 1];
            row[k] = least(before[k - 1] + differ, least(before[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
                row[k] = least(row[k], earlier[k - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}
