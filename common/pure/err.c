/* err: what the table says, by number.
 * May not know: who asks. */
#include "common/pure/err.h"

static const struct {
    const char *code;
    const char *title;
    int status;
    bool later;
} rows[ERR_COUNT] = {
#define X(name, code, status, later, title) [ERR_##name] = {code, title, status, later},
    ERR_TABLE(X)
#undef X
};

const char *err_code(enum err e)
{
    return rows[e].code;
}

const char *err_title(enum err e)
{
    return rows[e].title;
}

int err_status(enum err e)
{
    return rows[e].status;
}

bool err_later(enum err e)
{
    return rows[e].later;
}

enum err err_by_code(struct span code)
{
    for (int e = 0; e < ERR_COUNT; e++)
        if (span_eq_str(code, rows[e].code))
            return (enum err)e;
    return ERR_COUNT;
}
