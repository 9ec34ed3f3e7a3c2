/* signature_parts: what the files of HTTP signatures share among themselves. Nobody outside this
 * room includes it. */
#pragma once

#include "keys/http_signature.h"

#define SIGNATURE_NO_TIME INT64_MIN

/* Notes why and about, and returns e: every refusal passes here. */
enum err signature_refuse(struct signature *s, enum err e, const char *why, struct span about);

/* The first field of this name (without case), or absent; *ret_count: how many there are. */
struct span signature_field(const struct signature_request *request, struct span name,
                            size_t *ret_count);
/* Adds `value`, or all values of the name joined with `, `, trimmed (RFC 9421 2.1, cavage 2.3).
 * ERR_SIGNATURE_COVERAGE if there is none, ERR_SIGNATURE_SYNTAX if a value holds what would let it
 * pass for another line (CR, LF, NUL), or with ascii, anything that is not ASCII. */
enum err signature_field_add(const struct signature_request *request, struct span name, bool ascii,
                             struct bytes *out);
bool signature_covers(const struct signature_label *label, const char *name);
/* Adds a component; false if it is there already or there is no room. */
bool signature_label_add(struct signature_label *label, struct span name);
/* Lower-case name of a field (RFC 9110 token without capitals). */
bool signature_is_field_name(struct span name);

/* The target up to the query, and the query with its `?` (empty where there is none). */
struct span signature_path(struct span target);
struct span signature_query(struct span target);

/* Each scheme: the syntax, what must be covered, the text that is signed. */
enum err cavage_parse(struct span value, struct signature *ret);
enum err cavage_covers(const struct signature_request *request, const struct signature_label *label,
                       struct signature *s);
enum err cavage_base(const struct signature_label *label, const struct signature_request *request,
                     bool with_query, struct bytes *out);
/* Whether the algorithm given is one of this kind of key; *ret_n hashes to try for RSA. */
bool cavage_hashes(struct span algorithm, enum pubkey_kind kind, enum pubkey_hash ret[2],
                   size_t *ret_n);

enum err rfc9421_parse(struct span input, struct span value, struct signature *ret);
enum err rfc9421_covers(const struct signature_request *request,
                        const struct signature_label *label, struct signature *s);
enum err rfc9421_base(const struct signature_label *label, const struct signature_request *request,
                      struct bytes *out);
bool rfc9421_hashes(struct span algorithm, enum pubkey_kind kind, enum pubkey_hash ret[2],
                    size_t *ret_n);
