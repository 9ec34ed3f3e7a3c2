/* http_answer: a status line, our own fields, the caller's fields, the body.
 *
 * May not know: connections; what the answers mean. */
#include "common/io/http_answer.h"

#include <stdio.h>
#include <string.h>

#include "common/pure/date.h"
#include "common/pure/json.h"

enum { OWN_FIELDS_MAX = 1024, PROBLEM_MAX = 1024 };

/* The phrases of RFC 9110; the statuses that anything in this program answers with. */
static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } table[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].phrase;
    return ""; /* the phrase may be empty (RFC 9112 section 4) */
}

void http_answer_write(struct bytes *out, const struct http_response *r,
                       const struct http_answer_form *form)
{
    char date[DATE_HTTP_SIZE];
    struct span fields = span_of(r->fields);
    struct span type = span_of(r->content_type);
    bytes_init(out, OWN_FIELDS_MAX + fields.n + type.n + r->body.n);
    date_http_write(form->now_s, date);
    bytes_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, phrase(r->status), date);
    if (type.p)
        bytes_addf(out, "Content-Type: %s\r\n", r->content_type);
    /* A 204 has no length; that of a 304 would speak of a body which is not here. */
    if (r->status != 204 && r->status != 304)
        bytes_addf(out, "Content-Length: %zu\r\n", r->body.n);
    if (!form->keep_alive)
        bytes_add_str(out, "Connection: close\r\n");
    else if (!form->minor)
        bytes_add_str(out, "Connection: keep-alive\r\n");
    bytes_add(out, fields);
    bytes_add_str(out, "\r\n");
    if (!form->head_only && r->status != 204 && r->status != 304)
        bytes_add(out, r->body);
}

void http_answer_problem(struct bytes *out, enum err e)
{
    struct json_writer w;
    char type[128];
    snprintf(type, sizeof(type), ERR_PROBLEM_TYPE "%s", err_code(e));
    bytes_init(out, PROBLEM_MAX);
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "type", span_of(type));
    json_member(&w, "title", span_of(err_title(e)));
    json_member_int(&w, "status", err_status(e));
    json_member(&w, "code", span_of(err_code(e)));
    json_close(&w, '}');
}
