/* http_message: the buffers of one request, and finding a field in it.
 * May not know: how it is read, or what its fields may be. */
#include "common/io/http_message.h"

#include <stdlib.h>

void http_message_init(struct http_message *m, const struct http_limits *limits)
{
    *m = (struct http_message){0};
    /* The scan keeps each part within its limit; CRLF and the end of the head come on top. */
    bytes_init(&m->head, (size_t)(limits->request_line + limits->header) + 8);
    bytes_init(&m->body, (size_t)limits->body);
}

void http_message_fini(struct http_message *m)
{
    bytes_fini(&m->head);
    bytes_fini(&m->body);
    free(m->fields);
    m->fields = NULL;
}

struct span http_field(const struct http_view *view, const char *name, unsigned *ret_count)
{
    struct span wanted = span_of(name), found = SPAN_NONE;
    unsigned count = 0;
    for (size_t i = 0; i < view->fields_n; i++) {
        if (span_eq_ci(view->fields[i].name, wanted)) {
            found = view->fields[i].value;
            count++;
        }
    }
    if (ret_count)
        *ret_count = count;
    return count == 1 ? found : SPAN_NONE;
}
