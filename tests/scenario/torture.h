/* torture: a scenario again and again, each time in a child process in which the n-th thing of a
 * kind goes wrong, until a run meets no failure. */
#pragma once

#include "tests/scenario/fake_mishap.h"
#include "tests/scenario/fake_store.h"
#include "tests/scenario/stage.h"

struct scenario {
    const char *name;
    void (*play)(struct stage *s); /* begins it and says what happens */
};

/* All kinds of trouble; prints N for each. Fails if anything does not hold in any run. */
void torture(const struct scenario *scenario);
/* One run without any trouble in a store that lies: whether something was seen not to hold. */
bool torture_sees(const struct scenario *scenario, enum fake_lie lie, const char *what);
