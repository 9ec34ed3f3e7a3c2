/* lines: the rules as they ship, a question a line, for the oracle in Python. Each line of standard
 * input is an object with `activity`, `now`, `bytes`, `software`, `consent`, `bot`, `indexable`,
 * and `fetched` (the document of an announced object).
 *
 *     oracle_lines          `zones` of the line says which host is in which; the answer: the facts
 * by name, and in `cut` the names of those that are
 *     oracle_lines CONFIG   `from` of the line is a zone; `member` {state, role} sends it (null:
 * none); `thread` {home, zones} is where that went which it answers; `frozen` a list of
 * boundaries; `author` {registry, bio} what is known of who wrote it; `asked` (approve, thaw): why
 * it is decided anew. The answer: `zones` of the configuration, each with the code, the side, the
 * rule, whether it may have it, and where asked what becomes of it if it was held; and `code` for
 * whoever sent it
 *
 * What is no activity, or not this member's to send, is answered by `refused`, with its code.
 * May not know: how the answers are compared. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/config/config.h"
#include "relay/rules/consent.h"
#include "relay/rules/freeze.h"
#include "relay/rules/hold.h"
#include "relay/rules/member.h"

struct question {
    const struct json *line;
    const struct policy *policy; /* NULL: the facts are asked for */
    struct activity activity;
    struct facts_context context;
    struct member member;
    struct freezes freezes;
    struct zone_set crossed;
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
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
    const struct question *q = arg;
    return zone_set_has(&q->crossed, zone);
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

static bool takes_back(const struct activity *a)
{
    return a->type == ACTIVITY_DELETE || a->type == ACTIVITY_UNDO;
}

/* What stands around the activity: who sends it, the conversation, the freezes. */
static enum err read_around(struct question *q, int from)
{
    const struct json *member = json_get(q->line, "member");
    const struct json *thread = json_get(q->line, "thread");
    const struct json *frozen = json_get(q->line, "frozen");
    q->member = (struct member){.state = MEMBER_ACTIVE};
    if (json_kind(member) == JSON_OBJECT) {
        q->member.state = member_state_by_name(json_text(json_get(member, "state")));
        q->member.role = member_role_by_name(json_text(json_get(member, "role")));
    }
    q->crossed = (struct zone_set){{0}};
    if (thread)
        policy_crossed(q->policy,
                       policy_zone_by_name(q->policy, json_text(json_get(thread, "home"))),
                       json_text(json_get(thread, "zones")), from, &q->crossed);
    q->freezes = (struct freezes){.n = 0};
    for (size_t i = 0; i < json_len(frozen); i++) {
        struct freeze freeze;
        if (freeze_boundary_read(json_text(json_at(frozen, i)), &freeze))
            freezes_add(&q->freezes, &freeze);
    }
    return member_refusal(json_kind(member) == JSON_NULL ? NULL : &q->member,
                          takes_back(&q->activity));
}

/* As the inbox does: the rules, the author's consent, the freezes. The code for who sent it. */
static enum err decide(struct question *q, struct facts *facts, const struct consent *consent,
                       int from, struct zone_set *set)
{
    struct bytes whys;
    enum err waits = ERR_OK;
    enum err stood = ERR_OK;
    policy_decide(q->policy, facts, from, q->verdicts, set);
    if (!takes_back(&q->activity)) {
        stood = consent_apply(consent, q->policy, from, q->verdicts, set);
        freezes_apply(&q->freezes, q->policy, from, q->verdicts, set);
    }
    bytes_init(&whys, HOLD_WHY_MAX);
    for (size_t i = 0; i < q->policy->zones_n; i++) {
        const struct hold_why why = {.zone = span_of(q->policy->zones[i].name),
                                     .code = q->verdicts[i].why};
        if (hold_fate(HOLD_ASKED_THAW, why.code) == HOLD_KEPT)
            hold_why_write(&why, &whys);
    }
    if (whys.n)
        waits = hold_code(bytes_span(&whys));
    bytes_fini(&whys);
    if (!zone_set_empty(set))
        return ERR_OK;
    if (waits != ERR_OK)
        return waits;
    return stood != ERR_OK ? stood : policy_refusal(q->policy, q->verdicts, from);
}

static void write_verdicts(struct json_writer *w, const struct question *q,
                           const struct zone_set *set)
{
    struct span asked = json_text(json_get(q->line, "asked"));
    enum hold_asked why = span_eq_str(asked, "thaw") ? HOLD_ASKED_THAW : HOLD_ASKED_APPROVE;
    json_key(w, "zones");
    json_open(w, '{');
    for (size_t i = 0; i < q->policy->zones_n; i++) {
        const struct zone_verdict *verdict = &q->verdicts[i];
        json_key(w, q->policy->zones[i].name);
        json_open(w, '[');
        json_add_text(w, span_of(err_code(verdict->why)));
        json_add_text(w, span_of(policy_side_name(verdict->side)));
        json_add_text(w, span_of(verdict->rule ? verdict->rule->name : ""));
        json_add_bool(w, zone_set_has(set, (int)i));
        if (asked.n)
            json_add_text(w, span_of(hold_fate_name(hold_fate(why, verdict->why))));
        json_close(w, ']');
    }
    json_close(w, '}');
}

static void answer_decided(struct question *q, struct json_writer *w)
{
    int from = policy_zone_by_name(q->policy, json_text(json_get(q->line, "from")));
    const struct json *author = json_get(q->line, "author");
    const struct consent_sources sources = {.zone = q->policy->zones[from].consent,
                                            .registry = said(author, "registry"),
                                            .bio = said(author, "bio") == FACT_YES,
                                            .indexable = q->context.indexable};
    struct consent consent = consent_of(&sources);
    struct facts facts;
    struct zone_set set;
    enum err e = read_around(q, from);
    if (e != ERR_OK) {
        json_member(w, "refused", span_of(err_code(e)));
        return;
    }
    if (author)
        q->context.consent = consent.says;
    facts_init(&facts, &q->activity, &q->context);
    e = decide(q, &facts, &consent, from, &set);
    facts_fini(&facts);
    json_member(w, "code", span_of(err_code(e)));
    write_verdicts(w, q, &set);
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
    if (e != ERR_OK) {
        json_member(&w, "refused", span_of(err_code(e)));
    } else if (q->policy) {
        answer_decided(q, &w);
    } else {
        facts_init(&facts, &q->activity, &q->context);
        write_facts(&w, &facts);
        facts_fini(&facts);
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
