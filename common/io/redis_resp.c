/* redis_resp: answers as bytes and back; hiredis's reader does the parsing.
 * May not know: connections, what the answers mean. */
#include "common/io/redis_resp.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>

void resp_add_list(struct bytes *out, size_t n)
{
    bytes_addf(out, "*%zu\r\n", n);
}

void resp_add_text(struct bytes *out, struct span text)
{
    bytes_addf(out, "$%zu\r\n", text.n);
    bytes_add(out, text);
    bytes_add_str(out, "\r\n");
}

void resp_add_int(struct bytes *out, int64_t value)
{
    bytes_addf(out, ":%" PRId64 "\r\n", value);
}

/* Lists of lists of lists: what Redis answers is no deeper. */
void reply_write(const struct redis_reply *r, struct bytes *out)
{
    switch (reply_kind(r)) {
    case REDIS_INT: resp_add_int(out, reply_int(r)); break;
    case REDIS_TEXT:
    case REDIS_ERROR: resp_add_text(out, reply_text(r)); break;
    case REDIS_LIST:
        resp_add_list(out, reply_len(r));
        for (size_t i = 0; i < reply_len(r); i++)
            reply_write(reply_at(r, i), out);
        break;
    case REDIS_NIL: bytes_add_str(out, "$-1\r\n"); break;
    }
}

struct resp_reader {
    redisReader *inner;
    redisReply *reply;
};

struct resp_reader *resp_reader_new(void)
{
    struct resp_reader *r = mem_new(sizeof(*r));
    r->inner = redisReaderCreate();
    if (!r->inner)
        abort();
    return r;
}

void resp_reader_free(struct resp_reader **reader)
{
    struct resp_reader *r = *reader;
    *reader = NULL;
    if (!r)
        return;
    if (r->reply)
        freeReplyObject(r->reply);
    redisReaderFree(r->inner);
    free(r);
}

void resp_reader_feed(struct resp_reader *r, struct span bytes)
{
    if (bytes.n)
        redisReaderFeed(r->inner, bytes.p, bytes.n);
}

bool resp_reader_next(struct resp_reader *r, const struct redis_reply **ret)
{
    void *reply = NULL;
    if (r->reply)
        freeReplyObject(r->reply);
    r->reply = NULL;
    *ret = NULL;
    if (redisReaderGetReply(r->inner, &reply) != REDIS_OK)
        return false;
    r->reply = reply;
    *ret = reply;
    return true;
}
