/* roff: text and headings of a manual page, for the man macros. */
#pragma once

#include "common/pure/bytes.h"

/* Text as roff takes it: no line that looks like a request, no escape of its own, dashes as dashes.
 */
void roff_text(struct bytes *out, const char *text);
void roff_head(struct bytes *out, const char *name, int section, const char *what);
void roff_section(struct bytes *out, const char *title, const char *text);
/* A term in bold, with what stands behind it (or NULL), and what is said of it. */
void roff_item(struct bytes *out, const char *term, const char *rest, const char *text);
/* Lines that stay as they are. */
void roff_lines(struct bytes *out, const char *text);
