/* http_parse: collects a head, lets llhttp take it apart, then streams the body through llhttp.
 *
 * A scan of ours sees every byte of framing first: llhttp 8 takes a folded field, an empty name and
 * more, and what it takes changes between versions. Bytes of the head are kept as received; the
 * spans of a view point into them. Trailer fields are counted and dropped: they must never be
 * merged into the head, where signatures look.
 *
 * May not know: connections, deadlines, answers. */
#include "common/io/http_parse.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/http_check.h"

#if LLHTTP_VERSION_MAJOR < 8 || (LLHTTP_VERSION_MAJOR == 8 && LLHTTP_VERSION_MINOR < 1)
#error "llhttp 8.1 or newer is needed: older ones do not report chunk extensions"
#endif
#if LLHTTP_VERSION_MAJOR == 8 && !LLHTTP_STRICT_MODE
#error "llhttp 8 must be built and used with LLHTTP_STRICT_MODE=1"
#endif

enum { EXTENSION_MAX = 256 };

enum scanned { SCAN_MORE, SCAN_BLANK, SCAN_FIRST, SCAN_END, SCAN_BAD };

/* --- llhttp's callbacks: they store, and refuse with p->err --------------------------------------
 */

static int refuse(struct http_parser *p, enum err e)
{
    p->err = e;
    return -1;
}

/* Trailer fields may be as large as a head, in all. */
static int count_trailer(struct http_parser *p, size_t n)
{
    p->trailer += n;
    return p->trailer > (size_t)p->limits->header ? refuse(p, ERR_HEADERS) : 0;
}

static int on_name(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = ll->data;
    struct http_message *m = p->m;
    if (p->in_body)
        return count_trailer(p, n);
    if (m->fields_n == m->fields_cap) {
        m->fields_cap = m->fields_cap ? 2 * m->fields_cap : 16;
        m->fields = mem_grow(m->fields, m->fields_cap * sizeof *m->fields);
    }
    m->fields[m->fields_n++] = (struct http_field){.name = {at, n}, .value = SPAN_NONE};
    return 0;
}

/* The head is one piece of memory, so a value comes in one piece; a second one is a folded line. */
static int on_value(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = ll->data;
    struct http_message *m = p->m;
    if (p->in_body)
        return count_trailer(p, n);
    if (m->fields_n == 0 || m->fields[m->fields_n - 1].value.p)
        return refuse(p, ERR_BAD_REQUEST);
    m->fields[m->fields_n - 1].value = span_trim((struct span){at, n});
    return 0;
}

static int on_head(llhttp_t *ll)
{
    struct http_parser *p = ll->data;
    struct http_message *m = p->m;
    m->view.fields = m->fields;
    m->view.fields_n = m->fields_n;
    m->view.body = SPAN("");
    enum err e = http_check_fields(m, p->limits);
    if (e != ERR_OK)
        return refuse(p, e);
    p->in_body = true;
    return 0;
}

static int on_extension(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = ll->data;
    (void)at;
    p->extension += n;
    return p->extension > EXTENSION_MAX ? refuse(p, ERR_BAD_REQUEST) : 0;
}

static int on_chunk(llhttp_t *ll)
{
    struct http_parser *p = ll->data;
    p->extension = 0;
    return ll->content_length > p->m->body.max - p->m->body.n ? refuse(p, ERR_TOO_LARGE) : 0;
}

/* Lines between the chunks: CR and LF only as a pair, no control characters, no folding; and no
 * more of it than could be useful. */
static bool scan_framing(struct http_parser *p, const char *from, const char *to)
{
    for (; from < to; from++) {
        unsigned char c = (unsigned char)*from;
        bool blank = c == ' ' || c == '\t';
        if (p->cr != (c == '\n') || (blank && p->line_n == 0))
            return false;
        if ((c < ' ' && !blank && c != '\r' && c != '\n') || c == 0x7f)
            return false;
        p->cr = c == '\r';
        p->line_n = c == '\n' ? 0 : p->line_n + 1;
        p->framing++;
    }
    return p->framing <= (size_t)(p->limits->body + p->limits->header);
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = ll->data;
    if (!scan_framing(p, p->mark, at))
        return refuse(p, ERR_BAD_REQUEST);
    p->mark = at + n;
    return bytes_add(&p->m->body, (struct span){at, n}) ? 0 : refuse(p, ERR_TOO_LARGE);
}

static int on_whole(llhttp_t *ll)
{
    struct http_parser *p = ll->data;
    p->m->keep_alive = llhttp_should_keep_alive(ll) != 0;
    p->whole = true;
    /* What follows is the next request's, after an Upgrade too: a server may ignore that (RFC 9110
     * section 7.8), and this one does. */
    return HPE_PAUSED;
}

/* --- the head ------------------------------------------------------------------------------------
 */

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_chunk_header = on_chunk,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

void http_parse_begin(struct http_parser *p, const struct http_limits *limits,
                      struct http_message *m)
{
    *p = (struct http_parser){.limits = limits, .m = m, .err = ERR_OK};
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
}

static enum scanned scan_refuse(struct http_parser *p, enum err e)
{
    p->err = e;
    return SCAN_BAD;
}

/* The end of a line of the head. */
static enum scanned scan_line_end(struct http_parser *p)
{
    bool empty = p->line_n == 0;
    p->line_n = 0;
    p->cr = false;
    if (empty && p->lines > 0)
        return SCAN_END;
    if (empty) {
        /* One empty line before a request is forgiven (RFC 9112 section 2.2). */
        if (p->blank)
            return scan_refuse(p, ERR_BAD_REQUEST);
        p->blank = true;
        return SCAN_BLANK;
    }
    return p->lines++ == 0 ? SCAN_FIRST : SCAN_MORE;
}

/* Any byte of the head but a CR or LF: limits, control characters, folding. */
static enum scanned scan_char(struct http_parser *p, unsigned char c)
{
    bool blank = c == ' ' || c == '\t';
    if ((c < ' ' && c != '\t') || c == 0x7f || (blank && p->line_n == 0))
        return scan_refuse(p, ERR_BAD_REQUEST);
    p->line_n++;
    if (p->lines == 0)
        return p->line_n > (size_t)p->limits->request_line ? scan_refuse(p, ERR_URI_TOO_LONG)
                                                           : SCAN_MORE;
    p->header_n++;
    if (p->header_n > (size_t)p->limits->header || p->lines > (size_t)p->limits->fields)
        return scan_refuse(p, ERR_HEADERS);
    return SCAN_MORE;
}

/* Looks at in until something is to be decided; *ret_n bytes were looked at. */
static enum scanned scan_head(struct http_parser *p, struct span in, size_t *ret_n)
{
    enum scanned s = SCAN_MORE;
    size_t i = 0;
    while (i < in.n && s == SCAN_MORE) {
        unsigned char c = (unsigned char)in.p[i++];
        if (p->cr != (c == '\n'))
            s = scan_refuse(p, ERR_BAD_REQUEST);
        else if (c == '\r')
            p->cr = true;
        else if (c == '\n')
            s = scan_line_end(p);
        else
            s = scan_char(p, c);
    }
    *ret_n = i;
    return s;
}

static enum err check_line(struct http_parser *p)
{
    struct span head = bytes_span(&p->m->head);
    return http_check_line(p->m, span_cut(&head, '\r'));
}

/* What llhttp made of it; true if it may go on. */
static bool judge(struct http_parser *p, llhttp_errno_t rc)
{
    if (rc == HPE_OK || (rc == HPE_PAUSED && p->whole))
        return true;
    if (p->err == ERR_OK)
        p->err = rc == HPE_INVALID_METHOD ? ERR_NOT_IMPLEMENTED : ERR_BAD_REQUEST;
    return false;
}

/* The head is whole and will not move any more: its spans can be taken. */
static enum http_parsed read_head(struct http_parser *p)
{
    p->err = check_line(p);
    if (p->err != ERR_OK)
        return HTTP_PARSED_BAD;
    if (!judge(p, llhttp_execute(&p->ll, p->m->head.p, p->m->head.n)))
        return HTTP_PARSED_BAD;
    /* Ours and llhttp's idea of whether a body follows must be one. */
    if (p->whole == p->m->has_body || !p->in_body) {
        p->err = ERR_BAD_REQUEST;
        return HTTP_PARSED_BAD;
    }
    return HTTP_PARSED_DONE;
}

enum http_parsed http_parse_head(struct http_parser *p, struct span *in)
{
    for (;;) {
        size_t n;
        enum scanned s = scan_head(p, *in, &n);
        bytes_add(&p->m->head, (struct span){in->p, n});
        if (s == SCAN_BLANK)
            bytes_clear(&p->m->head);
        in->p += n;
        in->n -= n;
        if (s == SCAN_BAD)
            return HTTP_PARSED_BAD;
        if (s == SCAN_END)
            return read_head(p);
        /* A wrong first line is refused at once: what speaks HTTP/0.9 or TLS sends no empty line.
         */
        if (s == SCAN_FIRST)
            p->err = check_line(p);
        if (p->err != ERR_OK)
            return HTTP_PARSED_BAD;
        if (in->n == 0)
            return HTTP_PARSED_MORE;
    }
}

/* --- the body ------------------------------------------------------------------------------------
 */

enum http_parsed http_parse_body(struct http_parser *p, struct span *in)
{
    if (in->n == 0)
        return HTTP_PARSED_MORE;
    p->mark = in->p;
    llhttp_errno_t rc = llhttp_execute(&p->ll, in->p, in->n);
    if (!judge(p, rc))
        return HTTP_PARSED_BAD;
    const char *end = p->whole ? llhttp_get_error_pos(&p->ll) : in->p + in->n;
    if (!scan_framing(p, p->mark, end)) {
        p->err = ERR_BAD_REQUEST;
        return HTTP_PARSED_BAD;
    }
    in->n -= (size_t)(end - in->p);
    in->p = end;
    if (!p->whole)
        return HTTP_PARSED_MORE;
    p->m->view.body = bytes_span(&p->m->body);
    return HTTP_PARSED_DONE;
}
