/* encode: base64, hex and base58btc, strict in what they read.
 *
 * Writers add at the end of out, whole or not at all; what does not fit sets out->over. */
#pragma once

#include "common/pure/bytes.h"

/* Standard alphabet with padding (RFC 4648 section 4). */
void base64_write(struct bytes *out, struct span in);
/* Strict: padding required, no white space, no URL alphabet, no stray bits in the last digit.
 * Adds to out; false (out's bytes unchanged) on anything else or when it does not fit. */
bool base64_read(struct bytes *out, struct span in);

/* Lower case. */
void hex_write(struct bytes *out, struct span in);

/* base58btc as multibase uses it (leading `z` not included). in at most 256 bytes, more counts as
 * not fitting. */
void base58_write(struct bytes *out, struct span in);
