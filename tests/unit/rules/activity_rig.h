/* activity_rig: activities as text, and what is read of them as text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/activity.h"

#define A      "\"actor\":\"https://a.example/u\""
#define ID     "\"id\":\"https://a.example/1\""
#define PUBLIC "\"https://www.w3.org/ns/activitystreams#Public\""
#define TO     "\"to\":" PUBLIC
#define HEAD   ID "," A ","

static const struct json_limits json_limits = {.depth = 32, .keys = 10000, .nodes = 50000};

static const struct activity_limits limits = {.id_max = 2048, .recipients_max = 5};

static struct json *tree;

static inline enum err read_text(const char *text, struct activity *ret)
{
    json_free(&tree);
    enum err e = json_read(span_of(text), &json_limits, &tree);
    assert_string_equal(err_code(e), "ok");
    return activity_read(tree, &limits, ret);
}

static inline int drop_tree(void **state)
{
    (void)state;
    json_free(&tree);
    return 0;
}

#define CREATE(more) "{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"" more "}"
#define DEEP(more)                                                                                 \
    "{" HEAD TO ",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\"" more "}}"
