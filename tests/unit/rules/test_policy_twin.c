/* policy: random zones, rules and activities, decided twice: by the compiled policy, and by a twin
 * that knows neither bits nor an index nor the facts as they are read, but only the words of
 * policy.h and what it made up itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/rules/policy_rig.h"

enum { ZONES_MOST = 5, RULES_MOST = 14, POLICIES = 1500, POSTS = 4, NOW = 1000 };

static uint64_t walk = 1;

static unsigned draw(unsigned n)
{
    walk = walk * 6364136223846793005u + 1442695040888963407u;
    return n ? (unsigned)(walk >> 33) % n : 0;
}

/* --- what is made up -------------------------------------------------------------------------- */

enum said { SAID_NOT, SAID_NO, SAID_YES };

static const char *const tag_words[] = {"x", "y", "zeta", "q1", "q7"};
static const char *const host_words[] = {"a.corp.example", "b.corp.example", "corp.example"};

struct post {
    bool announce;
    unsigned tags; /* a bit for each word */
    unsigned host; /* of the author */
    enum said bot, sensitive;
    unsigned bytes;
    bool german, note, many_types; /* many: more than are read */
    bool answers;
    unsigned crossed; /* a bit for each zone that the answered one went to */
};

/* What a rule may ask; `arg` means what the kind says. */
enum kind {
    TAG_IS,
    TAG_ENDS,
    TAG_REGEX,
    TYPE_IS,
    HOST_IS,
    HOST_BELOW,
    BOT,
    SENSITIVE,
    SIZE,
    GERMAN,
    OBJECT_NOTE,
    CROSSED,
    KINDS
};
struct asked {
    enum kind kind;
    unsigned arg;
};
struct twin_rule {
    enum rule_part part;
    unsigned from, to; /* a bit for each zone; 0: any other */
    enum rule_verdict then;
    bool ended;
    struct asked when[3], unless[2];
    unsigned when_n, unless_n;
};

/* --- the twin --------------------------------------------------------------------------------- */

static bool flag_is(enum said said, bool wanted)
{
    if (said == SAID_NOT)
        return false;
    return wanted ? said == SAID_YES : said == SAID_NO;
}

static bool tag_fits(const struct post *p, const struct asked *a)
{
    for (unsigned i = 0; i < 5; i++) {
        const char *tag = tag_words[i];
        if (!(p->tags >> i & 1))
            continue;
        if (a->kind == TAG_IS && (a->arg >> i & 1))
            return true;
        if (a->kind == TAG_ENDS && strlen(tag) > 1 && tag[strlen(tag) - 1] == (a->arg ? '7' : 'a'))
            return true;
        if (a->kind == TAG_REGEX && tag[0] == 'q')
            return true;
    }
    return false;
}

static bool holds(const struct post *p, const struct asked *a, unsigned to, bool allows,
                  bool in_unless)
{
    switch (a->kind) {
    case TAG_IS:
    case TAG_ENDS:
    case TAG_REGEX: return tag_fits(p, a);
    case TYPE_IS: return p->announce == (a->arg == 1);
    case HOST_IS: return p->host == a->arg % 3;
    case HOST_BELOW: return p->host != 2;
    case BOT: return flag_is(p->bot, a->arg & 1);
    case SENSITIVE: return !p->announce && flag_is(p->sensitive, a->arg & 1);
    case SIZE: return a->arg & 1 ? p->bytes <= 500 : p->bytes >= 400;
    case GERMAN: return p->german && !p->announce;
    case OBJECT_NOTE:
        if (p->announce)
            return false; /* it is only named */
        if (p->note)
            return true;
        return p->many_types && (in_unless ? allows : !allows);
    case CROSSED: return !p->announce && p->answers && (p->crossed >> to & 1);
    case KINDS: break;
    }
    return false;
}

static bool rule_holds(const struct post *p, const struct twin_rule *r, unsigned to)
{
    bool allows = r->then == RULE_ALLOW, all = true;
    for (unsigned i = 0; i < r->when_n; i++)
        if (!holds(p, &r->when[i], to, allows, false))
            return false;
    for (unsigned i = 0; i < r->unless_n; i++)
        if (!holds(p, &r->unless[i], to, allows, true))
            all = false;
    return r->unless_n == 0 || !all;
}

static bool names(unsigned end, unsigned zone)
{
    return end >> zone & 1;
}

/* The number of the rule that decides on a side, or -1. */
static int side(const struct twin_rule *rules, unsigned n, const struct post *p, unsigned from,
                unsigned to, enum rule_part own)
{
    for (unsigned i = 0; i < n; i++) {
        const struct twin_rule *r = &rules[i];
        if (r->part != own && r->part != RULE_SHORT)
            continue;
        if (r->from && !names(r->from, from))
            continue;
        if (r->to && !names(r->to, to))
            continue;
        if (from == to && (r->part != RULE_SHORT || !r->from || !r->to))
            continue;
        if (!r->ended && rule_holds(p, r, to))
            return (int)i;
    }
    return -1;
}

static enum err says(const struct twin_rule *rules, int rule)
{
    if (rule < 0)
        return ERR_NO_RULE;
    switch (rules[rule].then) {
    case RULE_ALLOW: return ERR_OK;
    case RULE_HOLD: return ERR_RULE_HOLDS;
    case RULE_DENY: return ERR_RULE_DENIES;
    case RULE_DROP: break;
    }
    return ERR_RULE_DROPS;
}

static bool passes(enum err e)
{
    return e == ERR_OK || e == ERR_RULE_HOLDS;
}

static int twin(const struct twin_rule *rules, unsigned n, const struct post *p, unsigned from,
                unsigned to, enum rule_verdict inside, enum err *ret)
{
    if (from == to) {
        int rule = side(rules, n, p, from, to, RULE_SHORT);
        *ret = rule < 0 && inside != RULE_DENY ? (inside == RULE_ALLOW ? ERR_OK : ERR_RULE_HOLDS)
                                               : says(rules, rule);
        return rule;
    }
    int out = side(rules, n, p, from, to, RULE_EXPORT);
    *ret = says(rules, out);
    if (!passes(*ret))
        return out;
    int in = side(rules, n, p, from, to, RULE_IMPORT);
    enum err taken = says(rules, in);
    if (passes(taken) && (taken == ERR_OK || *ret == ERR_RULE_HOLDS))
        return out;
    *ret = taken;
    return in;
}

/* --- the same for the engine ------------------------------------------------------------------ */

static void ask(struct conditions *conditions, const struct asked *a)
{
    struct condition *c;
    switch (a->kind) {
    case TAG_IS:
        c = rig_condition(conditions, FACT_TAGS);
        for (unsigned i = 0; i < 5; i++)
            if (a->arg >> i & 1)
                rig_word(c, PATTERN_EXACT, tag_words[i]);
        return;
    case TAG_ENDS:
        rig_word(rig_condition(conditions, FACT_TAGS), PATTERN_SUFFIX, a->arg ? "7" : "a");
        return;
    case TAG_REGEX: rig_word(rig_condition(conditions, FACT_TAGS), PATTERN_REGEX, "^q"); return;
    case TYPE_IS: rig_words(conditions, FACT_TYPE, a->arg == 1 ? "Announce" : "Create"); return;
    case HOST_IS: rig_words(conditions, FACT_AUTHOR_HOST, host_words[a->arg % 3]); return;
    case HOST_BELOW:
        rig_word(rig_condition(conditions, FACT_AUTHOR_HOST), PATTERN_HOST, "*.corp.example");
        return;
    case BOT: rig_flag(conditions, FACT_BOT, a->arg & 1); return;
    case SENSITIVE: rig_flag(conditions, FACT_SENSITIVE, a->arg & 1); return;
    case SIZE:
        rig_range(conditions, FACT_SIZE, a->arg & 1 ? 0 : 400, a->arg & 1 ? 500 : INT64_MAX);
        return;
    case GERMAN: rig_words(conditions, FACT_LANGUAGE, "de"); return;
    case OBJECT_NOTE: rig_words(conditions, FACT_OBJECT, "Note"); return;
    case CROSSED: rig_words(conditions, FACT_REPLY_TO, "crossed"); return;
    case KINDS: break;
    }
}

static void letters_of(unsigned end, char out[ZONES_MOST + 1])
{
    size_t n = 0;
    for (unsigned i = 0; i < ZONES_MOST; i++)
        if (names(end, i))
            out[n++] = (char)('a' + i);
    out[n] = '\0';
}

static void add(struct policy *policy, const struct twin_rule *r)
{
    char from[ZONES_MOST + 1], to[ZONES_MOST + 1];
    letters_of(r->from, from);
    letters_of(r->to, to);
    struct rule *rule = rig_rule(policy, NULL, r->part, from, to, r->then);
    rule->until_ms = r->ended ? NOW - 1 : NOW + (int64_t)draw(2);
    for (unsigned i = 0; i < r->when_n; i++)
        ask(&rule->when, &r->when[i]);
    for (unsigned i = 0; i < r->unless_n; i++)
        ask(&rule->unless, &r->unless[i]);
}

static void write(const struct post *p, struct bytes *out)
{
    const char *host = host_words[p->host];
    bytes_addf(out,
               "{\"id\":\"https://%s/1\",\"actor\":\"https://%s/u\",\"to\":\"as:Public\","
               "\"type\":\"%s\",\"tag\":[",
               host, host, p->announce ? "Announce" : "Create");
    for (unsigned i = 0, k = 0; i < 5; i++)
        if (p->tags >> i & 1)
            bytes_addf(out, "%s{\"type\":\"Hashtag\",\"name\":\"#%s\"}", k++ ? "," : "",
                       tag_words[i]);
    bytes_add_str(out, "],\"object\":");
    if (p->announce) {
        bytes_addf(out, "\"https://%s/n\"}", host);
        return;
    }
    bytes_addf(out, "{\"id\":\"https://%s/n\",\"type\":[\"%s\"", host, p->note ? "Note" : "Event");
    for (unsigned i = 0; p->many_types && i < FACTS_TYPES_MAX; i++)
        bytes_addf(out, ",\"T%u\"", i);
    bytes_add_str(out, "]");
    if (p->sensitive)
        bytes_addf(out, ",\"sensitive\":%s", p->sensitive == SAID_YES ? "true" : "false");
    if (p->german)
        bytes_add_str(out, ",\"contentMap\":{\"de\":\"x\"}");
    if (p->answers)
        bytes_add_str(out, ",\"inReplyTo\":\"https://c.corp.example/9\"");
    bytes_add_str(out, "}}");
}

/* --- both ------------------------------------------------------------------------------------- */

static bool crossed(void *arg, int zone)
{
    const struct post *p = arg;
    return p->crossed >> zone & 1;
}

static void make_asked(struct asked *list, unsigned *n, unsigned most)
{
    *n = draw(most + 1);
    for (unsigned i = 0; i < *n; i++) {
        list[i] = (struct asked){(enum kind)draw(KINDS), draw(6)};
        if (list[i].kind == TAG_IS)
            list[i].arg = 1 + draw(31);
        if (list[i].kind == TAG_ENDS)
            list[i].arg = draw(2);
    }
}

static unsigned make_end(unsigned zones)
{
    return draw(3) ? 1u << draw(zones) : draw(2) ? 0 : 1 + draw((1u << zones) - 1);
}

static void make_rule(struct twin_rule *r, enum rule_part part, unsigned zone, unsigned zones)
{
    *r = (struct twin_rule){.part = part, .then = (enum rule_verdict)draw(4)};
    r->then = draw(2) ? RULE_ALLOW : r->then;
    r->ended = draw(8) == 0;
    r->from = part == RULE_EXPORT ? 1u << zone : make_end(zones);
    r->to = part == RULE_IMPORT ? 1u << zone : make_end(zones);
    /* A zone neither exports to itself nor imports from there. */
    unsigned *other = part == RULE_EXPORT ? &r->to : &r->from;
    if (part != RULE_SHORT)
        *other &= ~(1u << zone);
    make_asked(r->when, &r->when_n, 3);
    make_asked(r->unless, &r->unless_n, draw(2) ? 2 : 0);
}

/* Exports and imports zone by zone, then the short form. */
static unsigned make_rules(struct twin_rule *rules, unsigned zones)
{
    unsigned n = 0;
    for (unsigned zone = 0; zone < zones; zone++) {
        for (int part = RULE_EXPORT; part <= RULE_IMPORT; part++)
            for (unsigned k = draw(3); k > 0 && n < RULES_MOST; k--)
                make_rule(&rules[n++], (enum rule_part)part, zone, zones);
    }
    for (unsigned k = draw(6); k > 0 && n < RULES_MOST; k--)
        make_rule(&rules[n++], RULE_SHORT, 0, zones);
    return n;
}

static struct post make_post(void)
{
    unsigned some = draw(32);
    return (struct post){.announce = draw(5) == 0,
                         .tags = some & draw(32),
                         .host = draw(3),
                         .bot = (enum said)draw(3),
                         .sensitive = (enum said)draw(3),
                         .bytes = 300 + draw(300),
                         .german = draw(2),
                         .note = draw(2),
                         .many_types = draw(3) == 0,
                         .answers = draw(2),
                         .crossed = draw(32)};
}

/* What both say of one post from one zone; counts how often each. */
static void compare(const struct policy *policy, const struct twin_rule *rules, unsigned n,
                    struct post *p, unsigned from, unsigned tally[ERR_COUNT])
{
    static struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct rule_step steps[2 * RULES_MOST];
    struct bytes json;
    struct zone_set set;
    bytes_init(&json, 4096);
    write(p, &json);
    const struct facts_context context = {.now_ms = NOW,
                                          .bytes = p->bytes,
                                          .bot = p->bot == SAID_NOT  ? FACT_UNKNOWN
                                                 : p->bot == SAID_NO ? FACT_NO
                                                                     : FACT_YES,
                                          .crossed = crossed,
                                          .arg = p};
    struct facts *facts = rig_read(bytes_str(&json), &context);
    policy_decide(policy, facts, (int)from, verdicts, &set);
    for (unsigned to = 0; to < policy->zones_n; to++) {
        enum err why;
        int rule = twin(rules, n, p, from, to, policy->zones[from].inside, &why);
        const struct rule *by = rule < 0 ? NULL : &policy->rules[rule];
        struct zone_verdict traced;
        policy_trace(policy, facts, (int)from, (int)to, steps, 2 * RULES_MOST, &traced);
        tally[why]++;
        if (verdicts[to].why != why || verdicts[to].rule != by || traced.why != why ||
            traced.rule != by || traced.side != verdicts[to].side ||
            zone_set_has(&set, (int)to) != (why == ERR_OK))
            fail_msg("%c to %c: %s by %s, the twin says %s by %s: %s", 'a' + from, 'a' + to,
                     err_code(verdicts[to].why), verdicts[to].rule ? verdicts[to].rule->name : "-",
                     err_code(why), by ? by->name : "-", bytes_str(&json));
    }
    rig_end();
    bytes_fini(&json);
}

static void test_twins(void **state)
{
    (void)state;
    unsigned tally[ERR_COUNT] = {0};
    for (int i = 0; i < POLICIES; i++) {
        struct twin_rule rules[RULES_MOST];
        struct policy policy = {0};
        unsigned zones = 1 + draw(ZONES_MOST);
        unsigned n = make_rules(rules, zones);
        rig_zones(&policy, zones);
        for (unsigned k = 0; k < zones; k++)
            policy.zones[k].inside = draw(3) ? RULE_ALLOW : (enum rule_verdict)draw(RULE_DROP);
        for (unsigned k = 0; k < n; k++)
            add(&policy, &rules[k]);
        policy_compile(&policy);
        for (int k = 0; k < POSTS; k++) {
            struct post p = make_post();
            for (unsigned from = 0; from < zones; from++)
                compare(&policy, rules, n, &p, from, tally);
        }
        policy_fini(&policy);
    }
    /* Both would agree if nothing ever matched. */
    static const enum err all[] = {ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS,
                                   ERR_NO_RULE};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        print_message("%s: %u\n", err_code(all[i]), tally[all[i]]);
        assert_true(tally[all[i]] > 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
