/* http_parse: the bytes of one connection into one request after the other. Internal to common/io.
 *
 * llhttp does the reading; in front of it stands a scan of the framing bytes that refuses what some
 * versions of it let pass. No loop, no socket, no clock. */
#pragma once

#include <llhttp.h>

#include "common/io/http_message.h"

enum http_parsed {
    HTTP_PARSED_MORE, /* all input was eaten, more is needed */
    HTTP_PARSED_DONE, /* the head, or the body, is whole; what follows it is still in the input */
    HTTP_PARSED_BAD,  /* refused: err says why; the connection is of no further use */
};

struct http_parser {
    llhttp_t ll;
    const struct http_limits *limits;
    struct http_message *m;
    enum err err;
    /* the scan of ours: first of the head, then of what stands around chunks */
    bool cr;          /* the last byte was a CR */
    bool blank;       /* an empty line stood before the request */
    size_t line_n;    /* bytes of the present line */
    size_t lines;     /* whole lines of the head */
    size_t header_n;  /* bytes of the fields */
    size_t framing;   /* bytes around chunks, in all */
    const char *mark; /* end of the last body bytes in the present input */
    /* llhttp's progress */
    size_t extension; /* bytes of the present chunk's extensions */
    size_t trailer;   /* bytes of trailer fields */
    bool in_body;     /* the head was taken */
    bool whole;       /* the message is complete */
};

/* Begins a request; m and limits are borrowed until its end. */
void http_parse_begin(struct http_parser *p, const struct http_limits *limits,
                      struct http_message *m);
/* Eats from in until the head is whole; then m->view is filled but for the body and peer. */
enum http_parsed http_parse_head(struct http_parser *p, struct span *in);
/* Eats the body; to be called after the head, where m->has_body. */
enum http_parsed http_parse_body(struct http_parser *p, struct span *in);
