/* key: our own private keys. Only this room includes <openssl/...>; an EVP_PKEY never leaves it. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

enum key_kind { KEY_RSA, KEY_ED25519 };
enum { KEY_RSA_BITS = 2048, KEY_RSA_BITS_MAX = 4096, KEY_SIGNATURE_MAX = 512 };

struct key; /* a private key, loaded once */

/* Makes a key and writes it as PEM (PKCS#8), mode 0600, never over an existing file; the file is
 * whole and on disk, or not there. Blocks on the disk; an RSA key takes a good part of a second.
 * ERR_FILE with a reason in why. */
enum err key_create(const char *path, enum key_kind kind, struct bytes *why);
/* The caller owns *ret and gives it back with key_free(). ERR_FILE (not there, not ours, readable
 * by group or others, a link, no single PEM key, encrypted), ERR_KEY_REFUSED (not RSA of 2048 to
 * 4096 bits or Ed25519, or its halves do not fit); why names the path and the reason, never key
 * bytes. */
enum err key_load(const char *path, struct bytes *why, struct key **ret);
/* Clears the caller's pointer. Accepts NULL in it. */
void key_free(struct key **key);

enum key_kind key_kind(const struct key *key);
/* SPKI PEM of the public half. */
void key_public_pem(const struct key *key, struct bytes *out);
/* `z6Mk...` of an Ed25519 key (FEP-521a); adds nothing for an RSA key. */
void key_public_multibase(const struct key *key, struct bytes *out);
/* RSA: PKCS#1 v1.5 with SHA-256 (RFC 8017 section 8.2). Ed25519: pure (RFC 8032). Adds the raw
 * signature to out, at most KEY_SIGNATURE_MAX bytes. ERR_INTERNAL where OpenSSL fails or out is
 * full. */
enum err key_sign(const struct key *key, struct span data, struct bytes *out);
