/* settings: reads and writes single values as the table says. The struct owns its texts.
 * May not know: where in a file a value stood, and how values bear on each other. */
#include "relay/config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/units.h"
#include "relay/config/mistakes.h"

const struct setting settings_table[SETTING_COUNT_ALL] = {
#define X(field, name, kind, least, most, otherwise, choices, prose)                               \
    {name, SETTING_##kind, least, most, otherwise, choices, prose},
    SETTINGS_TABLE(X)
#undef X
};

static const size_t offsets[SETTING_COUNT_ALL] = {
#define X(field, name, kind, least, most, otherwise, choices, prose)                               \
    offsetof(struct settings, field),
    SETTINGS_TABLE(X)
#undef X
};

static int64_t *number_of(struct settings *set, int i)
{
    return (int64_t *)(void *)((char *)set + offsets[i]);
}

static char **text_of(struct settings *set, int i)
{
    return (char **)(void *)((char *)set + offsets[i]);
}

static int64_t number_in(const struct settings *set, int i)
{
    return *(const int64_t *)(const void *)((const char *)set + offsets[i]);
}

static const char *text_in(const struct settings *set, int i)
{
    return *(char *const *)(const void *)((const char *)set + offsets[i]);
}

const char *setting_kind_name(enum setting_kind kind)
{
    static const char *const names[] = {"text", "duration", "size", "count", "flag", "choice"};
    return names[kind];
}

int setting_find(struct span name)
{
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        if (span_eq_str(name, settings_table[i].name))
            return i;
    return -1;
}

/* Place of the word among words separated by `|`; -1 if it is not there. */
static int word_find(const char *words, struct span word)
{
    struct span rest = span_of(words);
    for (int i = 0; rest.p; i++)
        if (span_eq(span_cut(&rest, '|'), word))
            return i;
    return -1;
}

static struct span word_at(const char *words, int64_t place)
{
    struct span rest = span_of(words), word = SPAN_NONE;
    for (int64_t i = 0; i <= place; i++)
        word = span_cut(&rest, '|');
    return word;
}

static void number_write(enum setting_kind kind, int64_t value, struct bytes *out)
{
    if (kind == SETTING_DURATION)
        duration_write(out, value);
    else if (kind == SETTING_SIZE)
        size_write(out, value);
    else
        bytes_addf(out, "%lld", (long long)value);
}

void setting_bounds(int i, struct bytes *out)
{
    const struct setting *s = &settings_table[i];
    if (s->kind == SETTING_FLAG) {
        bytes_add_str(out, "yes or no");
    } else if (s->kind == SETTING_CHOICE) {
        struct span rest = span_of(s->choices);
        bytes_add(out, span_cut(&rest, '|'));
        while (rest.p) {
            struct span word = span_cut(&rest, '|');
            bytes_add_str(out, rest.p ? ", " : " or ");
            bytes_add(out, word);
        }
    } else if (s->kind == SETTING_TEXT) {
        bytes_addf(out, "%lld to %lld bytes", (long long)s->least, (long long)s->most);
    } else {
        number_write(s->kind, s->least, out);
        bytes_add_str(out, " to ");
        number_write(s->kind, s->most, out);
    }
}

static bool number_read(const struct setting *s, struct span text, int64_t *ret, struct bytes *why)
{
    static const char *const examples[] = {
        [SETTING_DURATION] = "a duration, such as 250ms, 10s, 5min, 2h or 7d",
        [SETTING_SIZE] = "a size, such as 512, 8KiB, 1MiB or 2GiB",
        [SETTING_COUNT] = "a whole number",
        [SETTING_FLAG] = "yes or no",
    };
    uint64_t count = 0;
    bool ok = false;
    if (s->kind == SETTING_DURATION) {
        ok = duration_read(text, ret);
    } else if (s->kind == SETTING_SIZE) {
        ok = size_read(text, ret);
    } else if (s->kind == SETTING_COUNT) {
        ok = span_u64(text, INT64_MAX, &count);
        *ret = (int64_t)count;
    } else {
        *ret = word_find("no|yes|false|true", text);
        ok = *ret >= 0;
        *ret &= 1;
    }
    if (!ok)
        bytes_addf(why, "%s is not %s", quoted(text).text, examples[s->kind]);
    return ok;
}

static bool bounds_ok(int i, struct span text, int64_t value, struct bytes *why)
{
    const struct setting *s = &settings_table[i];
    if (s->kind == SETTING_FLAG || (value >= s->least && value <= s->most))
        return true;
    bytes_addf(why, "%s is out of range: ", quoted(text).text);
    setting_bounds(i, why);
    return false;
}

static bool text_ok(const struct setting *s, struct span text, struct bytes *why)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != 0x7f)
            continue;
        bytes_add_str(why, "a control character in it");
        return false;
    }
    if (text.n >= (size_t)s->least && text.n <= (size_t)s->most)
        return true;
    if (text.n == 0)
        bytes_add_str(why, "it is empty");
    else
        bytes_addf(why, "%zu bytes are too many: at most %lld", text.n, (long long)s->most);
    return false;
}

bool setting_put(struct settings *set, int i, struct span text, struct bytes *why)
{
    const struct setting *s = &settings_table[i];
    int64_t value = 0;
    if (s->kind == SETTING_TEXT) {
        if (!text_ok(s, text, why))
            return false;
        free(*text_of(set, i));
        *text_of(set, i) = mem_copy(text);
        return true;
    }
    if (s->kind == SETTING_CHOICE) {
        value = word_find(s->choices, text);
        if (value < 0) {
            bytes_addf(why, "%s is not one of ", quoted(text).text);
            setting_bounds(i, why);
            return false;
        }
    } else if (!number_read(s, text, &value, why) || !bounds_ok(i, text, value, why)) {
        return false;
    }
    *number_of(set, i) = value;
    return true;
}

/* Of an address of the web, what stands behind the host may be a secret. */
static bool web_write(struct span text, struct bytes *out)
{
    struct span rest = text;
    if (!span_starts(text, SPAN("https://")) && !span_starts(text, SPAN("http://")))
        return false;
    span_cut(&rest, '/');
    span_cut(&rest, '/');
    struct span host = span_cut(&rest, '/');
    bytes_add(out, (struct span){text.p, (size_t)(host.p + host.n - text.p)});
    bytes_add_str(out, rest.n ? "/***" : rest.p ? "/" : "");
    return true;
}

/* A URL without its password. */
static void text_write(struct span text, struct bytes *out)
{
    if (web_write(text, out))
        return;
    bool sentinel = span_starts(text, SPAN("sentinel://"));
    const char *scheme = sentinel ? "sentinel://" : "redis://";
    ptrdiff_t at = -1;
    if (span_starts(text, span_of(scheme)))
        for (size_t i = text.n; i > 0 && at < 0; i--)
            if (text.p[i - 1] == '@')
                at = (ptrdiff_t)i - 1;
    struct span user = {text.p + strlen(scheme), 0};
    if (at > 0)
        user.n = (size_t)at - strlen(scheme);
    ptrdiff_t colon = span_find(user, ':');
    if (at < 0 || colon < 0) {
        bytes_add(out, text);
        return;
    }
    bytes_addf(out, "%s%.*s:***", scheme, (int)colon, user.p);
    bytes_add(out, (struct span){text.p + at, text.n - (size_t)at});
}

bool setting_same(const struct settings *a, const struct settings *b, int i)
{
    if (settings_table[i].kind == SETTING_TEXT)
        return span_eq(span_of(text_in(a, i)), span_of(text_in(b, i)));
    return number_in(a, i) == number_in(b, i);
}

void setting_write(const struct settings *set, int i, struct bytes *out)
{
    const struct setting *s = &settings_table[i];
    if (s->kind == SETTING_TEXT)
        text_write(span_of(text_in(set, i)), out);
    else if (s->kind == SETTING_CHOICE)
        bytes_add(out, word_at(s->choices, number_in(set, i)));
    else if (s->kind == SETTING_FLAG)
        bytes_add_str(out, number_in(set, i) ? "yes" : "no");
    else
        number_write(s->kind, number_in(set, i), out);
}

void settings_init(struct settings *set)
{
    memset(set, 0, sizeof(*set));
    struct bytes why;
    bytes_init(&why, 500);
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        if (settings_table[i].otherwise &&
            !setting_put(set, i, span_of(settings_table[i].otherwise), &why))
            abort(); /* the table contradicts itself */
    bytes_fini(&why);
}

void settings_fini(struct settings *set)
{
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        if (settings_table[i].kind == SETTING_TEXT)
            free(*text_of(set, i));
    memset(set, 0, sizeof(*set));
}
