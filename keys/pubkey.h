/* pubkey: the public keys of others, refused on load unless they are what we accept (ATTACKS S13 to
 * S16): RSA with a modulus of min_bits to max_bits and an odd exponent from 3 to 2^32, or Ed25519.
 */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

struct pubkey;

struct pubkey_limits {
    unsigned min_bits, max_bits; /* of an RSA modulus */
};

enum pubkey_kind { PUBKEY_RSA, PUBKEY_ED25519 };
enum pubkey_hash { PUBKEY_SHA256, PUBKEY_SHA512 }; /* for RSA; Ed25519 ignores it */

/* One PEM block and nothing but white space around it: SPKI (`PUBLIC KEY`) or PKCS#1 (`RSA PUBLIC
 * KEY`); at most 16 KiB. ERR_KEY_REFUSED otherwise. Decodes base64 and DER itself and calls
 * d2i_PublicKey: the PEM reader of OpenSSL costs 25 verifications (PERFORMANCE 1). */
enum err pubkey_read(struct span pem, const struct pubkey_limits *limits, struct pubkey **ret);
void pubkey_free(struct pubkey **key);
enum pubkey_kind pubkey_kind(const struct pubkey *key);
/* ERR_OK or ERR_SIGNATURE_INVALID. */
enum err pubkey_verify(const struct pubkey *key, enum pubkey_hash hash, struct span data,
                       struct span signature);
