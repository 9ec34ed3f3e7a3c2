/* crypto: for this room alone: a call of OpenSSL's that failed for want of memory says nothing of
 * the key or the signature that it was made for, and must not be told as if it did. */
#pragma once

/* Before calls that judge what others sent. */
void crypto_begin(void);
/* One of them failed: forgets OpenSSL's errors; mem_none() if memory had run out. */
void crypto_failed(void);
