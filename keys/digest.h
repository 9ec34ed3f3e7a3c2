/* digest: SHA-256, and the two digest fields of HTTP. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

enum { SHA256_SIZE = 32 };
void sha256(struct span data, uint8_t out[SHA256_SIZE]);
/* The digest as 64 lower-case hex digits and a NUL. */
void sha256_hex(struct span data, char out[2 * SHA256_SIZE + 1]);

/* The same of what comes piece by piece. sha256_end() frees it, and clears the pointer. */
struct sha256_run;
struct sha256_run *sha256_begin(void);
void sha256_more(struct sha256_run *run, struct span data);
void sha256_end(struct sha256_run **run, char out[2 * SHA256_SIZE + 1]);

/* `SHA-256=...` (RFC 3230, draft-ietf-httpbis-digest-headers). Adds to out, or sets its `over`. */
void digest_write(struct bytes *out, struct span body);
/* `sha-256=:...:` (RFC 9530). The same. */
void content_digest_write(struct bytes *out, struct span body);
/* Whether a received field speaks of this body: at least one algorithm known (SHA-256, SHA-512;
 * names without case in Digest, lower case in Content-Digest), and none of the known ones wrong;
 * base64 is strict.
 * ERR_OK; ERR_SIGNATURE_DIGEST (no known algorithm, another body, an algorithm of Content-Digest
 * given twice); ERR_BAD_REQUEST where the field can't be parsed, which includes an upper-case key
 * of Content-Digest (RFC 8941: keys are lower case). */
enum err digest_check(struct span field, struct span body);
enum err content_digest_check(struct span field, struct span body);

/* Whether two texts are the same; how long that takes says nothing of where they differ, nor of how
 * long the other one is. */
bool secret_eq(struct span a, struct span b);
