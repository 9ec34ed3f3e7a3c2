/* holdings_view: what is shown of a journal that was looked through. */
#pragma once

#include "common/pure/json.h"
#include "relay/store/verify.h"

/* Members of an object that is open. */
void holdings_json(struct json_writer *w, const struct verify_report *report);
/* As a table, on standard output. */
void holdings_print(const struct verify_report *report);
/* What was found, a line each, on standard error; says how many are not shown. */
void holdings_print_findings(const struct verify_report *report);
