/* roff: the few requests that the manual pages are made of.
 * May not know: what they say. */
#include "relay/roff.h"

void roff_text(struct bytes *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        bytes_add_str(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            bytes_add_str(out, "\\e");
        else if (*text == '-')
            bytes_add_str(out, "\\-");
        else
            bytes_add_char(out, *text);
        if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
            bytes_add_str(out, "\\&");
    }
}

void roff_head(struct bytes *out, const char *name, int section, const char *what)
{
    bytes_addf(out, ".TH \"%s\" %d \"\" \"Weir %s\"\n.SH NAME\n", name, section, WEIR_VERSION);
    roff_text(out, name);
    bytes_add_str(out, " \\- ");
    roff_text(out, what);
    bytes_add_char(out, '\n');
}

void roff_section(struct bytes *out, const char *title, const char *text)
{
    bytes_addf(out, ".SH %s\n", title);
    roff_text(out, text);
}

void roff_item(struct bytes *out, const char *term, const char *rest, const char *text)
{
    bytes_add_str(out, ".TP\n\\fB");
    roff_text(out, term);
    bytes_add_str(out, "\\fR");
    if (rest && *rest) {
        bytes_add_char(out, ' ');
        roff_text(out, rest);
    }
    bytes_add_char(out, '\n');
    roff_text(out, text);
    bytes_add_char(out, '\n');
}

void roff_lines(struct bytes *out, const char *text)
{
    bytes_add_str(out, ".nf\n");
    roff_text(out, text);
    bytes_add_str(out, ".fi\n");
}
