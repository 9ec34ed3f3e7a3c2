/* nodeinfo: what a host says of the software that it runs (NodeInfo 1.0 to 2.2, FEP-f1d5). Pure.
 *
 * Two documents: the index at NODEINFO_PATH, and one of those that it names. They are read in good
 * faith and by the fields that are needed: much of what is out there is not by the book. */
#pragma once

#include "common/pure/json.h"
#include "common/pure/uri.h"

#define NODEINFO_PATH "/.well-known/nodeinfo"

/* A document is read up to so many bytes; NodeInfo of a relay may list all that follow it. */
enum { NODEINFO_MAX = 256 * 1024, NODEINFO_NAME_SIZE = 64 };

/* The document that the index names, in the version that is best; of the host's own origin, or it
 * is not taken. False, and out empty, where there is none. size: URI_MAX + URI_AUTHORITY_SIZE
 * always does. */
bool nodeinfo_link(const struct json *index, const struct uri *origin, char *out, size_t size);
/* The name of the software, in lower case: letters, digits, `-`, `_` and `.`. False, and out
 * empty, where it names none that is one. */
bool nodeinfo_software(const struct json *document, char out[NODEINFO_NAME_SIZE]);
