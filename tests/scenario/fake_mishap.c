/* fake_mishap: counts chances. Allocates nothing: allocators ask it.
 * May not know: what goes wrong, or for whom. */
#include "tests/scenario/fake_mishap.h"

#include "tests/scenario/fake_io.h"

static enum mishap set;
static unsigned nth, chances;

const char *mishap_text(enum mishap mishap)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MISHAPS(X)
#undef X
    };
    return texts[mishap];
}

void mishap_set(enum mishap mishap, unsigned n)
{
    set = mishap;
    nth = n;
    chances = 0;
}

bool mishap_now(enum mishap mishap)
{
    if (mishap != set || set == MISHAP_NONE || fake_running() == 0)
        return false;
    return ++chances == nth;
}

unsigned mishap_chances(void)
{
    return chances;
}

bool mishap_met(void)
{
    return nth && chances >= nth;
}
