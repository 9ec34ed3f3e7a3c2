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
