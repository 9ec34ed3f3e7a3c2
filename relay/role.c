/* role: names and words.
 * May not know: who says them, and what follows from it. */
#include "relay/role.h"

#include <stdio.h>

static const char *const names[] = {
#define X(name, text) text,
    ROLES_TABLE(X)
#undef X
};

static const char *const words[] = {
#define X(name, text) text,
    ROLE_WORDS_TABLE(X)
#undef X
};

const char *role_name(enum role role)
{
    return names[role];
}

bool role_find(struct span name, enum role *ret)
{
    for (int r = 0; r < ROLE_COUNT; r++)
        if (span_eq_str(name, names[r])) {
            *ret = (enum role)r;
            return true;
        }
    return false;
}

const struct role_set role_set_all = {{true, true, true}};

bool role_set_read(struct span text, struct role_set *ret)
{
    enum role role;
    *ret = (struct role_set){{false}};
    while (text.p) {
        if (!role_find(span_cut(&text, ','), &role))
            return false;
        ret->has[role] = true;
    }
    return true;
}

void role_set_write(const struct role_set *set, char ret[ROLE_SET_SIZE])
{
    size_t n = 0;
    ret[0] = '\0';
    for (int r = 0; r < ROLE_COUNT; r++)
        if (set->has[r] && n < ROLE_SET_SIZE)
            n += (size_t)snprintf(ret + n, ROLE_SET_SIZE - n, "%s%s", n ? "," : "", names[r]);
}

void role_write(enum role role, unsigned slot, char ret[ROLE_NAME_SIZE])
{
    snprintf(ret, ROLE_NAME_SIZE, "%s-%u", names[role], slot);
}

void role_message_write(struct bytes *out, enum role_word word, struct span why)
{
    bytes_add_str(out, words[word]);
    if (why.n && bytes_add_char(out, ' ')) {
        size_t room = out->max - out->n;
        bytes_add(out, (struct span){why.p, why.n < room ? why.n : room});
    }
}

bool role_message_read(struct span message, enum role_word *ret, struct span *ret_why)
{
    struct span word = span_cut(&message, ' ');
    for (int w = 0; w < ROLE_WORD_COUNT; w++)
        if (span_eq_str(word, words[w])) {
            *ret = (enum role_word)w;
            *ret_why = message;
            return true;
        }
    return false;
}
