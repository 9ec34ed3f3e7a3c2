/* key: our own private keys: made, written, loaded, used.
 *
 * A struct key owns its EVP_PKEY, and the contexts that sign with it. Loading proves that the key
 * signs what its public half verifies: an RSA key damaged on disk would otherwise sign wrongly, and
 * a wrong signature can give the key away. May not know: HTTP, actors, where keys are kept. */
#include "keys/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pure/encode.h"
#include "keys/crypto.h"

enum { KEY_FILE_MAX = 16384, ED25519_SIZE = 32, PATH_SIZE = 4096 };

struct key {
    EVP_PKEY *pkey;
    enum key_kind kind;
    EVP_MD_CTX *prepared; /* ready to sign; never used, only copied: a set-up costs much more */
    EVP_MD_CTX *scratch;  /* the copy that signs */
};

static enum err refuse(struct bytes *why, enum err e, const char *path, const char *reason)
{
    ERR_clear_error();
    bytes_addf(why, "%s: %s", path, reason);
    return e;
}

static enum err refuse_errno(struct bytes *why, const char *path)
{
    return refuse(why, ERR_FILE, path, strerrordesc_np(errno));
}

/* --- making ------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return fsync(fd) == 0;
}

/* The directory entry has to be on disk too. */
static bool sync_directory(const char *path)
{
    char dir[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!span_copy(slash ? (struct span){path, n ? n : 1} : SPAN("."), dir, sizeof(dir)))
        return false;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Writes beside the path, then links: link() never replaces, and nobody sees half a key. */
static enum err write_new(const char *path, const char *p, size_t n, struct bytes *why)
{
    char temp[PATH_SIZE];
    struct bytes name;
    bytes_init(&name, PATH_SIZE - 1);
    bytes_addf(&name, "%s.new-XXXXXX", path);
    bool fits = !name.over && span_copy(bytes_span(&name), temp, sizeof(temp));
    bytes_fini(&name);
    if (!fits)
        return refuse(why, ERR_FILE, path, "the path is too long");
    int fd = mkostemp(temp, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return refuse_errno(why, path);
    enum err e = ERR_OK;
    if (!write_all(fd, p, n) || link(temp, path) != 0) {
        e = refuse_errno(why, path);
    } else if (!sync_directory(path)) {
        e = refuse_errno(why, path);
        unlink(path);
    }
    close(fd);
    unlink(temp);
    return e;
}

enum err key_create(const char *path, enum key_kind kind, struct bytes *why)
{
    EVP_PKEY *pkey =
        kind == KEY_RSA ? EVP_RSA_gen(KEY_RSA_BITS) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
    char *pem = NULL;
    enum err e;
    if (pkey && bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1) {
        long n = BIO_get_mem_data(bio, &pem);
        e = write_new(path, pem, (size_t)n, why);
    } else {
        e = refuse(why, ERR_FILE, path, "the key could not be made");
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return e;
}

/* --- loading ----------------------------------------------------------------------------- */

static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(bool *)arg = true;
    return -1;
}

static const char *why_not_ours(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return strerrordesc_np(errno);
    if (!S_ISREG(st.st_mode))
        return "not a regular file";
    if (st.st_uid != geteuid())
        return "belongs to another user";
    if (st.st_mode & 077)
        return "can be read by group or others: chmod 600";
    if (st.st_size > KEY_FILE_MAX)
        return "too large for a key";
    return NULL;
}

/* The file's bytes into out (KEY_FILE_MAX long); -1 with a reason in why. */
static ssize_t read_file(const char *path, char *out, struct bytes *why)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ELOOP)
            refuse(why, ERR_FILE, path, "is a symbolic link");
        else
            refuse_errno(why, path);
        return -1;
    }
    const char *reason = why_not_ours(fd);
    ssize_t n = reason ? 0 : read(fd, out, KEY_FILE_MAX);
    if (!reason && n < 0)
        reason = strerrordesc_np(errno);
    close(fd);
    if (reason)
        refuse(why, ERR_FILE, path, reason);
    return reason ? -1 : n;
}

static EVP_PKEY *parse(const char *path, const char *pem, size_t n, struct bytes *why)
{
    bool encrypted = false;
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &encrypted) : NULL;
    BIO_free(bio);
    if (!pkey)
        refuse(why, ERR_FILE, path, encrypted ? "is encrypted" : "holds no private key in PEM");
    return pkey;
}

static bool prepare(struct key *key)
{
    const EVP_MD *md = key->kind == KEY_RSA ? EVP_sha256() : NULL;
    key->prepared = EVP_MD_CTX_new();
    key->scratch = EVP_MD_CTX_new();
    return key->prepared && key->scratch &&
           EVP_DigestSignInit(key->prepared, NULL, md, NULL, key->pkey) == 1;
}

static enum err judge(struct key *key, const char **reason)
{
    if (EVP_PKEY_is_a(key->pkey, "ED25519")) {
        key->kind = KEY_ED25519;
    } else if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        int bits = EVP_PKEY_get_bits(key->pkey);
        key->kind = KEY_RSA;
        *reason = "an RSA key must have 2048 to 4096 bits";
        if (bits < KEY_RSA_BITS || bits > KEY_RSA_BITS_MAX)
            return ERR_KEY_REFUSED;
    } else {
        *reason = "neither an RSA nor an Ed25519 key";
        return ERR_KEY_REFUSED;
    }
    if (!prepare(key)) {
        *reason = "it can't sign";
        return ERR_KEY_REFUSED;
    }
    struct bytes signature;
    bytes_init(&signature, KEY_SIGNATURE_MAX);
    enum err e = key_sign(key, SPAN("weir"), &signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = key->kind == KEY_RSA ? EVP_sha256() : NULL;
    if (e || !ctx || EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->pkey) != 1 ||
        EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                         (const unsigned char *)"weir", 4) != 1) {
        *reason = "damaged: it does not sign what its public half verifies";
        e = ERR_KEY_REFUSED;
    }
    EVP_MD_CTX_free(ctx);
    bytes_fini(&signature);
    return e;
}

enum err key_load(const char *path, struct bytes *why, struct key **ret)
{
    char pem[KEY_FILE_MAX];
    *ret = NULL;
    ssize_t n = read_file(path, pem, why);
    if (n < 0)
        return ERR_FILE;
    EVP_PKEY *pkey = parse(path, pem, (size_t)n, why);
    OPENSSL_cleanse(pem, sizeof(pem));
    if (!pkey)
        return ERR_FILE;
    struct key *key = mem_new(sizeof(*key));
    key->pkey = pkey;
    const char *reason = NULL;
    enum err e = judge(key, &reason);
    if (e) {
        refuse(why, e, path, reason);
        key_free(&key);
    }
    *ret = key;
    return e;
}

void key_free(struct key **key)
{
    if (!*key)
        return;
    EVP_MD_CTX_free((*key)->scratch);
    EVP_MD_CTX_free((*key)->prepared);
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

/* --- using ------------------------------------------------------------------------------- */

enum key_kind key_kind(const struct key *key)
{
    return key->kind;
}

void key_public_pem(const struct key *key, struct bytes *out)
{
    char *pem = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || PEM_write_bio_PUBKEY(bio, key->pkey) != 1)
        mem_none(); /* the key is good */
    long n = BIO_get_mem_data(bio, &pem);
    bytes_add(out, (struct span){pem, (size_t)n});
    BIO_free(bio);
}

void key_public_multibase(const struct key *key, struct bytes *out)
{
    uint8_t raw[2 + ED25519_SIZE] = {0xed, 0x01}; /* multicodec ed25519-pub as a varint */
    size_t n = ED25519_SIZE;
    if (key->kind != KEY_ED25519)
        return;
    if (EVP_PKEY_get_raw_public_key(key->pkey, raw + 2, &n) != 1)
        mem_none();
    bytes_add_char(out, 'z');
    base58_write(out, (struct span){(const char *)raw, sizeof(raw)});
}

enum err key_sign(const struct key *key, struct span data, struct bytes *out)
{
    unsigned char raw[KEY_SIGNATURE_MAX];
    size_t n = sizeof(raw);
    crypto_begin();
    bool ok = EVP_MD_CTX_copy_ex(key->scratch, key->prepared) == 1 &&
              EVP_DigestSign(key->scratch, raw, &n, (const unsigned char *)(data.n ? data.p : ""),
                             data.n) == 1;
    if (!ok)
        crypto_failed();
    return ok && bytes_add(out, (struct span){(const char *)raw, n}) ? ERR_OK : ERR_INTERNAL;
}
