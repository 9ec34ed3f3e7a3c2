/* fingerprint: SHA-256 of both public keys, in hex.
 * May not know: who compares it with what. */
#include "relay/fingerprint.h"

#include <string.h>

#include "keys/digest.h"
#include "relay/names.h"

_Static_assert(FINGERPRINT_SIZE == 2 * SHA256_SIZE + 1, "as many digits as the digest has");

void fingerprint(const struct key *rsa, const struct key *ed25519, char ret[FINGERPRINT_SIZE])
{
    struct bytes both;
    bytes_init(&both, 16384);
    key_public_pem(rsa, &both);
    key_public_multibase(ed25519, &both);
    sha256_hex(bytes_span(&both), ret);
    bytes_fini(&both);
}

static enum err load(const char *data_dir, const char *name, struct bytes *why, struct key **ret)
{
    struct bytes path;
    bytes_init(&path, 8192);
    bytes_addf(&path, "%s/%s", data_dir, name);
    enum err e = key_load(bytes_str(&path), why, ret);
    bytes_fini(&path);
    return e;
}

enum err fingerprint_files(const char *data_dir, struct bytes *why, char ret[FINGERPRINT_SIZE])
{
    struct key *rsa = NULL;
    struct key *ed25519 = NULL;
    enum err e = load(data_dir, KEY_FILE_RSA, why, &rsa);
    if (e == ERR_OK)
        e = load(data_dir, KEY_FILE_ED25519, why, &ed25519);
    if (e == ERR_OK)
        fingerprint(rsa, ed25519, ret);
    key_free(&rsa);
    key_free(&ed25519);
    return e;
}
