/* steward_freeze: the calendar of the freezes, and what becomes of what they held. */
#pragma once

#include "relay/context.h"

struct freezer;

/* watches: another machine's steward does all that; this one only looks. */
struct freezer *freezer_new(struct context *context, bool watches);
void freezer_ready(struct freezer *freezer, bool ready);
/* Something may have changed: look at once. */
void freezer_look(struct freezer *freezer);
/* Who may send may be another now. */
void freezer_members_changed(struct freezer *freezer);
void freezer_free(struct freezer **freezer);
