/* manual: the manual pages, written from the tables: verbs, settings, metrics, problems. */
#pragma once

#include "common/pure/bytes.h"

/* weir(1), weir.yaml(5) and weir-policy(7), in roff (man macros). */
void manual_weir(struct bytes *out);
void manual_weir_yaml(struct bytes *out);
void manual_weir_policy(struct bytes *out);

/* The worked examples of weir-policy(7). file: zones and rules, as they may stand in a
 * configuration file. */
struct manual_example {
    const char *title, *file, *prose;
};
enum { MANUAL_EXAMPLES = 11 };
extern const struct manual_example manual_examples[MANUAL_EXAMPLES];
/* A file of cases for the first of them, as `weir policy test` reads it. */
extern const char manual_cases[];

/* manual_lists.c: sections of weir(1). */
void manual_add_lists(struct bytes *out);
void manual_add_holds(struct bytes *out);
void manual_add_reports(struct bytes *out);
void manual_add_proposals(struct bytes *out);
/* manual_members.c: the same. */
void manual_add_members(struct bytes *out);
/* manual_software.c: the same. */
void manual_add_software(struct bytes *out);
/* manual_authors.c: what is about authors, of weir(1) and of weir-policy(7). */
void manual_add_authors(struct bytes *out);
void manual_add_consent(struct bytes *out);
