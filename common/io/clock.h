/* clock: the only place that reads a clock, and the only one that makes random numbers. Everything
 * else takes time and chance as arguments. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void); /* since 1970, UTC */
int64_t clock_mono_ms(void);
void clock_random(void *out, size_t n); /* getrandom(2); aborts if the system has none */
uint32_t clock_chance(void);            /* uniform over 32 bits */
