/* domains: lists of hosts in the forms that other servers and relays read and write. Pure. */
#pragma once

#include "common/pure/bytes.h"

enum domains_form {
    DOMAINS_PLAIN, /* a host a line */
    DOMAINS_CSV,   /* Mastodon: a line `#domain`, then a host a line */
    DOMAINS_JSON   /* GoToSocial: [{"domain":"a.example"}, ...] */
};

/* The media type of a form, as a Content-Type field has it; static. */
const char *domains_type(enum domains_form form);
/* The hosts (authority form), in their order. */
void domains_write(enum domains_form form, const char *const *hosts, size_t n, struct bytes *out);

enum { DOMAINS_FILE_MAX = 4 << 20, DOMAINS_LINES_MAX = 20000, DOMAINS_LINE_MAX = 8192 };

/* Who is told what a list of others says; lines from 1. */
struct domains_taker {
    /* A host in authority form; borrowed. */
    void (*host)(void *arg, unsigned line, const char *host);
    /* What was left out, and why (static): text is what stands there. */
    void (*bad)(void *arg, unsigned line, struct span text, const char *why);
    void *arg;
};
/* Reads a list: a host a line, with comments behind a #; or, where its first line names the column
 * `domain` (with a # before it or not), CSV as Mastodon exports it (RFC 4180; a quoted field may go
 * over several lines). blocks: rows whose `severity` is another than `suspend` are left out: they
 * are no blocks. https: what a host's port means where none is given (uri_authority()). False: the
 * list is longer than may be, and what follows was not read: told as bad, too. */
bool domains_read(struct span text, bool https, bool blocks, const struct domains_taker *taker);
