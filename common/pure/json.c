/* json: the tree of a scanned document, json-c behind few calls.
 *
 * A `struct json` is json-c's object under another name; nobody looks inside. json-c stores null as
 * a NULL pointer, which here means absent, so null has a value of its own.
 * May not know: what the members mean. */
#include "common/pure/json_inner.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct json {
    char unused;
};

static const struct json null_value;

static const struct json *from_tree(struct json_object *o)
{
    return o ? (const struct json *)o : &null_value;
}

static struct json_object *to_tree(const struct json *v)
{
    return v == &null_value ? NULL : (struct json_object *)v;
}

/* Trailing white space is the scan's business; json-c leaves it unread. */
static struct span without_tail(struct span text)
{
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t' ||
                      text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    return text;
}

/* What the tree holds, added to *ret. No deeper than the scan allowed. */
static void weigh(struct json_object *o, struct json_weight *ret)
{
    ret->values += o != NULL;
    if (json_object_is_type(o, json_type_string))
        ret->text += (size_t)json_object_get_string_len(o);
    size_t n = json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
    for (size_t i = 0; i < n; i++)
        weigh(json_object_array_get_idx(o, i), ret);
    if (!json_object_is_type(o, json_type_object))
        return;
    struct lh_entry *entry = json_object_get_object(o)->head;
    for (; entry; entry = lh_entry_next(entry)) {
        ret->text += strlen(lh_entry_k(entry));
        weigh((struct json_object *)lh_entry_v(entry), ret);
    }
}

static bool parse(struct span text, unsigned depth, struct json_object **ret)
{
    /* json-c counts a level for the value inside the innermost bracket. */
    struct json_tokener *tok = json_tokener_new_ex((int)depth + 2);
    if (!tok)
        mem_none();
    /* Not JSON_TOKENER_STRICT: the scan is stricter, and json-c 0.18 (Debian 13) in that mode takes
     * every byte above 0x7f for a control character. */
    json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
    *ret = json_tokener_parse_ex(tok, text.p, (int)text.n);
    enum json_tokener_error state = json_tokener_get_error(tok);
    size_t end = json_tokener_get_parse_end(tok);
    if (state == json_tokener_continue && end == text.n) {
        *ret = json_tokener_parse_ex(tok, "", 1); /* a bare number ends where its text does */
        state = json_tokener_get_error(tok);
    }
    json_tokener_free(tok);
    return state == json_tokener_success && end == text.n;
}

/* Where json-c has no memory, it leaves things out, and may say nothing of it, or that the text is
 * malformed. So what it made is weighed, and made again before it is believed to be at fault. */
static bool parse_whole(struct span text, unsigned depth, const struct json_weight *want,
                        struct json_object **ret)
{
    struct json_weight got = {0};
    errno = 0;
    if (parse(text, depth, ret)) {
        weigh(*ret, &got);
        if (got.values == want->values && got.text == want->text)
            return true;
    }
    json_object_put(*ret);
    *ret = NULL;
    return false;
}

enum err json_read(struct span text, const struct json_limits *limits, struct json **ret)
{
    struct json_weight weight;
    struct json_object *o = NULL;
    *ret = NULL;
    if (text.n > INT_MAX - 1 || limits->depth > INT_MAX - 2)
        return ERR_JSON_SIZE;
    enum err e = json_scan_weigh(text, limits, NULL, &weight);
    if (e != ERR_OK)
        return e;
    text = without_tail(text);
    bool whole = parse_whole(text, limits->depth, &weight, &o);
    if (!whole)
        whole = parse_whole(text, limits->depth, &weight, &o);
    if (!whole && errno == ENOMEM)
        mem_none();
    if (!whole)
        return ERR_JSON_SYNTAX;
    *ret = (struct json *)from_tree(o);
    return ERR_OK;
}

void json_free(struct json **root)
{
    if (!root)
        return;
    json_object_put(to_tree(*root));
    *root = NULL;
}

enum json_kind json_kind(const struct json *v)
{
    if (!v)
        return JSON_ABSENT;
    switch (json_object_get_type(to_tree(v))) {
    case json_type_null: return JSON_NULL;
    case json_type_boolean: return JSON_BOOL;
    case json_type_int:
    case json_type_double: return JSON_NUMBER;
    case json_type_string: return JSON_STRING;
    case json_type_array: return JSON_ARRAY;
    case json_type_object: return JSON_OBJECT;
    }
    return JSON_ABSENT;
}

const struct json *json_get(const struct json *object, const char *key)
{
    struct json_object *value = NULL;
    if (json_kind(object) != JSON_OBJECT ||
        !json_object_object_get_ex(to_tree(object), key, &value))
        return NULL;
    return from_tree(value);
}

struct span json_text(const struct json *v)
{
    if (json_kind(v) != JSON_STRING)
        return SPAN_NONE;
    return (struct span){json_object_get_string(to_tree(v)),
                         (size_t)json_object_get_string_len(to_tree(v))};
}

bool json_flag(const struct json *v, bool otherwise)
{
    return json_kind(v) == JSON_BOOL ? json_object_get_boolean(to_tree(v)) != 0 : otherwise;
}

bool json_int(const struct json *v, int64_t *ret)
{
    if (json_kind(v) != JSON_NUMBER)
        return false;
    struct json_object *o = to_tree(v);
    if (json_object_get_type(o) == json_type_int) {
        if (json_object_get_uint64(o) > INT64_MAX)
            return false;
        *ret = json_object_get_int64(o);
        return true;
    }
    /* `1e3` and `2.0` are whole too; beyond 2^53 a double no longer says which number was meant. */
    double value = json_object_get_double(o);
    if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0) ||
        value != (double)(int64_t)value)
        return false;
    *ret = (int64_t)value;
    return true;
}

size_t json_len(const struct json *v)
{
    switch (json_kind(v)) {
    case JSON_ABSENT:
    case JSON_NULL: return 0;
    case JSON_ARRAY: return json_object_array_length(to_tree(v));
    case JSON_BOOL:
    case JSON_NUMBER:
    case JSON_STRING:
    case JSON_OBJECT: return 1;
    }
    return 0;
}

const struct json *json_at(const struct json *v, size_t i)
{
    if (i >= json_len(v))
        return NULL;
    if (json_kind(v) != JSON_ARRAY)
        return v;
    return from_tree(json_object_array_get_idx(to_tree(v), i));
}

bool json_next(const struct json *object, const void **at, struct span *ret_key,
               const struct json **ret)
{
    if (json_kind(object) != JSON_OBJECT)
        return false;
    const struct lh_entry *entry =
        *at ? ((const struct lh_entry *)*at)->next : json_object_get_object(to_tree(object))->head;
    if (!entry)
        return false;
    *at = entry;
    *ret_key = span_of(lh_entry_k(entry));
    *ret = from_tree((struct json_object *)lh_entry_v(entry));
    return true;
}

static bool has_key(struct json_object *o, const char *key)
{
    if (json_object_is_type(o, json_type_array)) {
        size_t n = json_object_array_length(o);
        for (size_t i = 0; i < n; i++)
            if (has_key(json_object_array_get_idx(o, i), key))
                return true;
    }
    if (!json_object_is_type(o, json_type_object))
        return false;
    if (json_object_object_get_ex(o, key, NULL))
        return true;
    struct lh_entry *entry = json_object_get_object(o)->head;
    for (; entry; entry = lh_entry_next(entry))
        if (has_key((struct json_object *)lh_entry_v(entry), key))
            return true;
    return false;
}

bool json_has_key_anywhere(const struct json *v, const char *key)
{
    return v && has_key(to_tree(v), key);
}
