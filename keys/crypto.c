/* crypto: memory that ran out inside OpenSSL. Its own error codes also say so where it did not (a
 * stranger's bytes must not end the process), so errno is asked, which only an allocator sets to
 * ENOMEM. May not know: which call it was. */
#include "keys/crypto.h"

#include <errno.h>
#include <openssl/err.h>

#include "common/pure/bytes.h"

void crypto_begin(void)
{
    errno = 0;
}

void crypto_failed(void)
{
    if (errno == ENOMEM)
        mem_none();
    ERR_clear_error();
}
