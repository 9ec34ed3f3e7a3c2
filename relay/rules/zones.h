/* zones: a set of zones, one bit for each by its number in the policy. Of fixed size, so that it is
 * copied by assignment and needs no end; {0} is the empty set. Numbers from POLICY_ZONES_MAX on,
 * and negative ones, are the caller's mistake. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POLICY_ZONES_MAX = 1024, ZONE_WORDS = POLICY_ZONES_MAX / 64 };

struct zone_set {
    uint64_t words[ZONE_WORDS];
};

static inline void zone_set_add(struct zone_set *set, int zone)
{
    set->words[(unsigned)zone / 64] |= (uint64_t)1 << ((unsigned)zone % 64);
}

static inline void zone_set_take(struct zone_set *set, int zone)
{
    set->words[(unsigned)zone / 64] &= ~((uint64_t)1 << ((unsigned)zone % 64));
}

static inline bool zone_set_has(const struct zone_set *set, int zone)
{
    return set->words[(unsigned)zone / 64] >> ((unsigned)zone % 64) & 1;
}

static inline bool zone_set_empty(const struct zone_set *set)
{
    uint64_t any = 0;
    for (size_t i = 0; i < ZONE_WORDS; i++)
        any |= set->words[i];
    return any == 0;
}

/* The first zone of the set that is not below `from`; -1 if there is none. To go through all:
 * for (int z = zone_set_next(&set, 0); z >= 0; z = zone_set_next(&set, z + 1)) */
static inline int zone_set_next(const struct zone_set *set, int from)
{
    for (size_t i = (unsigned)from / 64; i < ZONE_WORDS; i++) {
        uint64_t word = set->words[i];
        if (i == (unsigned)from / 64)
            word &= UINT64_MAX << ((unsigned)from % 64);
        if (word)
            return (int)(i * 64) + __builtin_ctzll(word);
    }
    return -1;
}

/* The zones below n: all of a policy of n zones. */
static inline struct zone_set zone_set_below(size_t n)
{
    struct zone_set set = {{0}};
    for (size_t i = 0; i < ZONE_WORDS && i * 64 < n; i++)
        set.words[i] = n - i * 64 >= 64 ? UINT64_MAX : ((uint64_t)1 << (n - i * 64)) - 1;
    return set;
}
