/* lines: the rules as they ship, a question a line, for the oracle in Python. Each line of standard
 * input is an object with `activity`, `now`, `bytes`, `software`, `consent`, `bot`, `indexable`,
 * and `fetched` (the document of an announced object).
 *
 *     oracle_lines          `zones` of the line says which host is in which; the answer: the facts
 * by name, and in `cut` the names of those that are oracle_lines CONFIG   `from` of the line is a
 * zone, `crossed` a list of them; the answer: for each zone of the configuration the code, the side
 * and the rule
 *
 * What is no activity is answered by `refused`, with its code.
 * May not know: how the answers are compared. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/config/config.h"

struct question {
    const struct json *line;
    const struct policy *policy; /* NULL: the facts are asked for */
    struct activity activity;
    struct facts_context context;
};

static const char *zone_of(void *arg, struct span host)
{
    struct question *q = arg;
    char name[URI_AUTHORITY_SIZE];
    if (q->policy)
        return policy_zone_name((void *)(uintptr_t)q->policy, host);
    /* json-c's texts end in NUL. */
    return span_copy(host, name, sizeof(name))
               ? json_text(json_get(json_get(q->line, "zones"), name)).p
               : NULL;
}

static bool crossed(void *arg, int zone)
{
    struct question *q = arg;
    const struct json *list = json_get(q->line, "crossed");
    for (size_t i = 0; i < json_len(list); i++)
        if (policy_zone_by_name(q->policy, json_text(json_at(list, i))) == zone)
            return true;
    return false;
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
}

static void write_verdicts(struct json_writer *w, const struct question *q, struct facts *facts)
{
    struct zone_verdict *verdicts = mem_new(POLICY_ZONES_MAX * sizeof(*verdicts));
    struct zone_set set;
    int from = policy_zone_by_name(q->policy, json_text(json_get(q->line, "from")));
    policy_decide(q->policy, facts, from, verdicts, &set);
    for (size_t i = 0; i < q->policy->zones_n; i++) {
        json_key(w, q->policy->zones[i].name);
        json_open(w, '[');
        json_add_text(w, span_of(err_code(verdicts[i].why)));
        json_add_text(w, span_of(policy_side_name(verdicts[i].side)));
        json_add_text(w, span_of(verdicts[i].rule ? verdicts[i].rule->name : ""));
        json_add_bool(w, zone_set_has(&set, (int)i));
        json_close(w, ']');
    }
    free(verdicts);
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

static void answer(struct question *q, struct bytes *out)
{
    struct json_writer w;
    struct facts facts;
    int64_t bytes = 0;
    q->context = (struct facts_context){.software = json_text(json_get(q->line, "software")),
                                        .consent = said(q->line, "consent"),
                                        .bot = said(q->line, "bot"),
                                        .indexable = said(q->line, "indexable"),
                                        .zone_of = zone_of,
                                        .crossed = q->policy ? crossed : NULL,
                                        .arg = q};
    json_int(json_get(q->line, "now"), &q->context.now_ms);
    if (json_int(json_get(q->line, "bytes"), &bytes))
        q->context.bytes = (size_t)bytes;
    enum err e = read_activity(q->line, &q->activity);
    json_begin(&w, out);
    json_open(&w, '{');
    if (e == ERR_OK) {
        facts_init(&facts, &q->activity, &q->context);
        if (q->policy)
            write_verdicts(&w, q, &facts);
        else
            write_facts(&w, &facts);
        facts_fini(&facts);
    } else {
        json_member(&w, "refused", span_of(err_code(e)));
    }
    json_close(&w, '}');
}

static void answer_all(const struct policy *policy)
{
    static const struct json_limits limits = {100, 1000000, 5000000};
    struct question *q = mem_new(sizeof(*q));
    char *text = NULL;
    size_t room = 0;
    ssize_t n;
    struct bytes out;
    bytes_init(&out, 16 << 20);
    while ((n = getline(&text, &room, stdin)) > 0) {
        struct json *line;
        enum err e = json_read((struct span){text, (size_t)n}, &limits, &line);
        bytes_clear(&out);
        q->line = line;
        q->policy = policy;
        if (e == ERR_OK)
            answer(q, &out);
        else
            bytes_addf(&out, "{\"refused\":\"%s\"}", err_code(e));
        json_free(&line);
        puts(bytes_str(&out));
    }
    bytes_fini(&out);
    free(text);
    free(q);
}

int main(int argc, char **argv)
{
    struct config *config = NULL;
    struct bytes why;
    if (argc < 2) {
        answer_all(NULL);
        return 0;
    }
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_load(argv[1], &why, &config);
    if (e == ERR_OK)
        answer_all(&config->policy);
    else
        fputs(bytes_str(&why), stderr);
    config_free(&config);
    bytes_fini(&why);
    return e == ERR_OK ? 0 : 1;
}
