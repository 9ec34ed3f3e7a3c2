/* json: reading JSON from strangers, and writing our own.
 *
 * Reading is two steps in one call: a strict scan of ours (UTF-8, duplicate keys, depth, counts,
 * numbers, no NUL in strings, nothing after the end), then json-c. json-c alone keeps the last of
 * two keys, cuts keys at NUL and takes NaN; see ATTACKS J01 to J11. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct json; /* a value inside a tree; borrowed from the tree's root */

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_limits {
    unsigned depth; /* most levels of nesting */
    unsigned keys;  /* most object members in all */
    unsigned nodes; /* most values in all */
};

/* The scan alone: any one value (that an activity is an object is for its reader to ask), nothing
 * but white space around it. ERR_JSON_*; *ret_at (may be NULL) is the byte where it stopped, for a
 * duplicate the end of its object. Refused besides malformed JSON: U+0000 in a string
 * (ERR_JSON_SYNTAX), lone surrogates (ERR_JSON_ENCODING), whole numbers of more than 19 digits or
 * beyond 64 bits, others beyond a double, any of more than 128 characters (ERR_JSON_NUMBER).
 * limits->depth bounds the C stack that is used: keep it in the hundreds. */
enum err json_scan(struct span text, const struct json_limits *limits, size_t *ret_at);
/* Scan, then parse. On ERR_OK the caller owns *ret and gives it back with json_free(). */
enum err json_read(struct span text, const struct json_limits *limits, struct json **ret);
/* Frees the whole tree; takes the root only. Accepts NULL. */
void json_free(struct json **root);

/* All of these accept NULL (an absent value) and a value of any kind. */
enum json_kind json_kind(const struct json *v);
const struct json *json_get(const struct json *object, const char *key); /* NULL if absent */
struct span json_text(const struct json *v);          /* SPAN_NONE unless a string */
bool json_flag(const struct json *v, bool otherwise); /* otherwise unless a bool */
bool json_int(const struct json *v, int64_t *ret);    /* whole numbers that 64 bits hold exactly */
/* Elements of an array; any other present value counts as a list of one (the way ActivityPub writes
 * `to`, `tag` and `type`); absent and null count none. */
size_t json_len(const struct json *v);
const struct json *json_at(const struct json *v, size_t i);
/* The members of an object, in the order of the document, one a call: *at is NULL before the first,
 * and is not looked into. False behind the last, and for anything but an object. The key is
 * borrowed from the tree. */
bool json_next(const struct json *object, const void **at, struct span *ret_key,
               const struct json **ret);
/* Whether any object in the tree, at any depth, has this key. */
bool json_has_key_anywhere(const struct json *v, const char *key);

/* Writing. Opens, keys and values in the order of the document; commas are put by the writer. */
struct json_writer {
    struct bytes *out;
    bool comma;
};
void json_begin(struct json_writer *w, struct bytes *out);
void json_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_key(struct json_writer *w, const char *key);
/* Text that is not UTF-8 has its bad bytes replaced by U+FFFD. */
void json_add_text(struct json_writer *w, struct span text);
void json_add_int(struct json_writer *w, int64_t value);
void json_add_bool(struct json_writer *w, bool value);
void json_add_null(struct json_writer *w);
/* Bytes that are JSON already, put in as they are (an embedded activity). */
void json_add_raw(struct json_writer *w, struct span json);
/* A member of an object in one call; the text one leaves out the member if text is absent. */
void json_member(struct json_writer *w, const char *key, struct span text);
void json_member_int(struct json_writer *w, const char *key, int64_t value);
void json_member_bool(struct json_writer *w, const char *key, bool value);
