/* facts_lines: the facts of activities, one a line. Each line of standard input is an object with
 * `activity`, `zones` (host to zone), `now`, `bytes`, `software`, `consent`, `bot`, `indexable`,
 * `fetched` (the document of an announced object); each line of standard output the facts by name,
 * `cut` for those that are; or `refused` with the code of why it is no activity.
 * May not know: how they are compared. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/rules/facts.h"

enum { LINE_MAX_BYTES = 4 << 20 };

static const char *zone_of(void *zones, struct span host)
{
    char name[URI_AUTHORITY_SIZE];
    struct span zone = SPAN_NONE;
    if (span_copy(host, name, sizeof(name)))
        zone = json_text(json_get(zones, name));
    return zone.p; /* json-c's texts end in NUL */
}

static enum fact_said said(const struct json *line, const char *key)
{
    const struct json *v = json_get(line, key);
    return json_kind(v) != JSON_BOOL ? FACT_UNKNOWN : json_flag(v, false) ? FACT_YES : FACT_NO;
}

static void write_value(struct json_writer *w, const struct fact_row *row,
                        const struct fact_value *value)
{
    json_key(w, row->name);
    switch (row->kind) {
    case FACT_KIND_NUMBER: json_add_int(w, value->number); break;
    case FACT_KIND_FLAG: json_add_bool(w, value->flag); break;
    case FACT_KIND_TEXT:
        json_open(w, '[');
        for (size_t i = 0; i < value->texts_n; i++)
            json_add_text(w, value->texts[i]);
        json_close(w, ']');
        break;
    }
}

static void write_facts(struct json_writer *w, struct facts *facts)
{
    json_open(w, '{');
    for (int i = 0; i < FACT_COUNT; i++) {
        const struct fact_value *value = facts_get(facts, (enum fact)i);
        if (value->known)
            write_value(w, fact_row((enum fact)i), value);
    }
    json_key(w, "cut");
    json_open(w, '[');
    for (int i = 0; i < FACT_COUNT; i++)
        if (facts_get(facts, (enum fact)i)->cut)
            json_add_text(w, span_of(fact_row((enum fact)i)->name));
    json_close(w, ']');
    json_close(w, '}');
}

static enum err read_activity(const struct json *line, struct activity *ret)
{
    static const struct activity_limits limits = {ACTIVITY_ID_MAX, 10000};
    const struct json *fetched = json_get(line, "fetched");
    enum err e = activity_read(json_get(line, "activity"), &limits, ret);
    if (e == ERR_OK && json_kind(fetched) == JSON_OBJECT)
        e = activity_take_object(ret, fetched, &limits);
    return e;
}

static void answer(const struct json *line, struct bytes *out)
{
    struct facts_context context = {.software = json_text(json_get(line, "software")),
                                    .consent = said(line, "consent"),
                                    .bot = said(line, "bot"),
                                    .indexable = said(line, "indexable"),
                                    .zone_of = zone_of,
                                    .arg = (void *)(uintptr_t)json_get(line, "zones")};
    struct activity *activity = mem_new(sizeof(*activity));
    struct json_writer w;
    struct facts facts;
    int64_t bytes = 0;
    json_begin(&w, out);
    json_int(json_get(line, "now"), &context.now_ms);
    if (json_int(json_get(line, "bytes"), &bytes))
        context.bytes = (size_t)bytes;
    enum err e = read_activity(line, activity);
    if (e == ERR_OK) {
        facts_init(&facts, activity, &context);
        write_facts(&w, &facts);
        facts_fini(&facts);
    } else {
        json_open(&w, '{');
        json_member(&w, "refused", span_of(err_code(e)));
        json_close(&w, '}');
    }
    free(activity);
}

int main(void)
{
    static const struct json_limits limits = {100, 1000000, 5000000};
    char *text = NULL;
    size_t room = 0;
    ssize_t n;
    struct bytes out;
    bytes_init(&out, LINE_MAX_BYTES);
    while ((n = getline(&text, &room, stdin)) > 0) {
        struct json *line;
        enum err e = json_read((struct span){text, (size_t)n}, &limits, &line);
        bytes_clear(&out);
        if (e == ERR_OK)
            answer(line, &out);
        else
            bytes_addf(&out, "{\"refused\":\"%s\"}", err_code(e));
        json_free(&line);
        puts(bytes_str(&out));
        fflush(stdout);
    }
    bytes_fini(&out);
    free(text);
    return 0;
}
