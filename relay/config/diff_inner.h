/* diff_inner: what diff.c and diff_rules.c share. */
#pragma once

#include "relay/config/diff.h"

/* Copies the name, and takes the texts, which may be NULL. */
struct config_change *diff_add(struct config_changes *ret, const char *kind, enum change_how how,
                               const char *name, char *before, char *after);
/* diff_rules.c: adds what differs among the rules. */
void config_compare_rules(const struct policy *was, const struct policy *is,
                          struct config_changes *ret);
