/* user: users of the system, by name. */
#pragma once

#include "relay/rules/audit_note.h"

/* The name of a user; `uid N` where the system has none for it. This asks the system's list of
 * users, which may be on another machine. */
void user_name(int64_t uid, char ret[AUDIT_WHO_SIZE]);
/* Whoever runs this command, in person. reason: may be NULL. False if that is none: see
 * user_reason(). */
bool user_by(const char *reason, struct audit_by *ret);
/* Takes a reason: one line, not longer than AUDIT_REASON_SIZE has room for. */
bool user_reason(struct span text, struct audit_by *ret);
/* What is said where it is not. */
#define USER_REASON "a reason is one line, of at most 300 bytes"
