/* steward_audit: the head of the audit log goes to the log once a day, at the start, and each time
 * that Redis came back: who keeps that elsewhere can tell later that nothing before it was written
 * anew, and that no end is gone.
 */
#pragma once

#include "relay/context.h"

struct auditor;

struct auditor *auditor_new(struct context *context);
/* The store is ready, or not. */
void auditor_ready(struct auditor *auditor, bool ready);
/* Accepts NULL inside; clears the pointer. */
void auditor_free(struct auditor **auditor);
