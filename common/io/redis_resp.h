/* redis_resp: what Redis answers as bytes, as it stands on the wire (RESP), and back: to keep
 * answers in a file and read them like answers. */
#pragma once

#include "common/io/redis.h"

/* Adds the whole of an answer: texts, whole numbers, lists, nothing. */
void reply_write(const struct redis_reply *reply, struct bytes *out);
/* Parts of one that is put together by hand: a list of n follows; a text. */
void resp_add_list(struct bytes *out, size_t n);
void resp_add_text(struct bytes *out, struct span text);
void resp_add_int(struct bytes *out, int64_t value);

struct resp_reader;
struct resp_reader *resp_reader_new(void);
void resp_reader_free(struct resp_reader **reader);
/* More bytes, copied. */
void resp_reader_feed(struct resp_reader *reader, struct span bytes);
/* The next answer that is whole, borrowed until the next call; NULL: more bytes are wanted first.
 * False: these are no answers. */
bool resp_reader_next(struct resp_reader *reader, const struct redis_reply **ret);
