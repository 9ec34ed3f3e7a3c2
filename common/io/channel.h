/* channel: messages between two processes of ours, each whole and in its order, with at most one
 * descriptor. Local, quick, never across machines. */
#pragma once

#include "common/io/loop.h"
#include "common/pure/err.h"
#include "common/pure/span.h"

enum { CHANNEL_TEXT_MAX = 32768 };

struct channel;
/* A message has come: text is borrowed for the call; fd is the callback's to close, or -1. Where
 * text is absent, the other side is gone, and nothing more comes. It may call channel_free(). */
typedef void (*channel_told)(void *arg, struct span text, int fd);

/* Two ends that belong together, both close-on-exec. ERR_FILE if there are no descriptors left. */
enum err channel_pair(int ret[2]);
/* Takes fd, an end of a pair. */
struct channel *channel_new(struct loop *loop, int fd, channel_told told, void *arg);
/* Sends a message, not an empty one; what is longer than CHANNEL_TEXT_MAX is cut. fd stays ours;
 * -1: none. False, and nothing was sent, if the other side is gone or has long not read. */
bool channel_tell(struct channel *channel, struct span text, int fd);
/* Closes our end. No callback afterwards. Accepts NULL inside. */
void channel_free(struct channel **channel);
