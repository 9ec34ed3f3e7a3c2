/* hold: what is kept for a person to decide, as text, and what a verdict of today means for it.
 * May not know: Redis; who decides, or by which rules. */
#include "relay/rules/hold.h"

#include <stdio.h>

const char *hold_state_name(enum hold_state state)
{
    static const char *const names[] = {
#define X(name, text) text,
        HOLD_STATES(X)
#undef X
    };
    return names[state];
}

enum hold_state hold_state_by_name(struct span name)
{
    int state = 0;
    while (state < HOLD_STATE_COUNT && !span_eq_str(name, hold_state_name((enum hold_state)state)))
        state++;
    return (enum hold_state)state;
}

/* --- why -------------------------------------------------------------------------------------- */

void hold_why_write(const struct hold_why *why, struct bytes *out)
{
    bytes_addf(out, "%.*s %s %.*s\n", SPAN_ARG(why->zone), err_code(why->code),
               SPAN_ARG(why->rule));
}

bool hold_why_next(struct span *text, struct hold_why *ret)
{
    *ret = (struct hold_why){.code = ERR_OK};
    if (!text->n)
        return false;
    struct span line = span_cut(text, '\n');
    ret->zone = span_cut(&line, ' ');
    struct span code = span_cut(&line, ' ');
    ret->rule = line;
    ret->code = err_by_code(code);
    return ret->zone.n && line.p && ret->code != ERR_COUNT;
}

void hold_zones_write(struct span whys, struct bytes *out)
{
    struct hold_why why;
    for (bool first = true; hold_why_next(&whys, &why); first = false) {
        if (!first)
            bytes_add_char(out, ',');
        bytes_add(out, why.zone);
    }
}

enum err hold_code(struct span whys)
{
    struct hold_why why;
    enum err code = ERR_RULE_HOLDS;
    while (hold_why_next(&whys, &why)) {
        if (why.code != ERR_FROZEN)
            return ERR_RULE_HOLDS;
        code = ERR_FROZEN;
    }
    return code;
}

/* --- what is not in the bytes ----------------------------------------------------------------- */

enum { SAID_N = 4 };

static const char said_letters[] = {[FACT_UNKNOWN] = '-', [FACT_NO] = 'n', [FACT_YES] = 'y'};

void hold_known_write(const struct hold_known *known, struct bytes *out)
{
    bytes_add_char(out, said_letters[known->consent]);
    bytes_add_char(out, said_letters[known->bot]);
    bytes_add_char(out, said_letters[known->indexable]);
    bytes_add_char(out, said_letters[known->bio]);
    bytes_add_str(out, known->software);
}

static bool said_read(char letter, enum fact_said *ret)
{
    for (unsigned i = 0; i < sizeof(said_letters); i++)
        if (letter == said_letters[i]) {
            *ret = (enum fact_said)i;
            return true;
        }
    return false;
}

bool hold_known_read(struct span text, struct hold_known *ret)
{
    *ret = (struct hold_known){.software = ""};
    return text.n >= SAID_N && said_read(text.p[0], &ret->consent) &&
           said_read(text.p[1], &ret->bot) && said_read(text.p[2], &ret->indexable) &&
           said_read(text.p[3], &ret->bio) &&
           span_copy((struct span){text.p + SAID_N, text.n - SAID_N}, ret->software,
                     sizeof(ret->software));
}

/* --- decided anew ----------------------------------------------------------------------------- */

const char *hold_fate_name(enum hold_fate fate)
{
    static const char *const names[] = {
        [HOLD_SENT] = "sent", [HOLD_KEPT] = "held", [HOLD_REFUSED] = "refused"};
    return names[fate];
}

enum hold_fate hold_fate(enum hold_asked asked, enum err verdict)
{
    if (asked == HOLD_ASKED_DENY)
        return HOLD_REFUSED;
    if (verdict == ERR_OK)
        return HOLD_SENT;
    if (verdict != ERR_RULE_HOLDS && verdict != ERR_FROZEN)
        return HOLD_REFUSED;
    return asked == HOLD_ASKED_APPROVE ? HOLD_SENT : HOLD_KEPT;
}
