/* schedule_gate: what the schedule's own files ask of what is frozen; nobody else includes it. */
#pragma once

#include "relay/rules/schedule_inner.h"

/* Whether the entry waits behind a gate for this destination. */
bool gate_stops(const struct schedule *s, const struct dest *d, const struct entry *e);
/* The same of what is set aside, as far as is known: it was looked at under the gates of now. */
bool gate_barred(const struct schedule *s, const struct cursor_aside *aside);
/* It is looked at, and waits. */
void gate_bars(const struct schedule *s, struct dest *d, struct cursor_aside *aside);
/* It was handed out, and never left: a gate stops it. */
bool gate_stopped(const struct outcome *o);
