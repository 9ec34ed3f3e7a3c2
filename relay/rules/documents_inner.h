/* documents_inner: what the documents_*.c files share. Not for others. */
#pragma once

#include "common/pure/json.h"
#include "relay/rules/documents.h"

#define AS_CONTEXT       "https://www.w3.org/ns/activitystreams"
#define AS_PUBLIC        AS_CONTEXT "#Public"
#define SECURITY_CONTEXT "https://w3id.org/security/v1"
#define AP_MEDIA_TYPE    "application/activity+json"

/* A member whose value is our URL with a path behind it. key NULL: an element of a list. */
void document_member_url(struct json_writer *w, const struct identity *id, const char *key,
                         const char *path);
/* A member whose value is an RFC 3339 time. */
void document_member_time(struct json_writer *w, const char *key, int64_t ms);
