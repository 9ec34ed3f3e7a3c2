/* torture_alloc: allocations as chances to fail, for programs that link it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From here on, and until the end, allocations count (fake_mishap.h: ALLOCATION, LIBRARY,
 * CRYPTO). */
void torture_alloc_begin(void);
void torture_alloc_end(void);
/* Whether that is in the code of one of those libraries. */
bool torture_in_library(uintptr_t code);
