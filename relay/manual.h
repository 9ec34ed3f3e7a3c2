/* manual: the manual pages, written from the tables: verbs, settings, metrics, problems. */
#pragma once

#include "common/pure/bytes.h"

/* weir(1) and weir.yaml(5), in roff (man macros). */
void manual_weir(struct bytes *out);
void manual_weir_yaml(struct bytes *out);
