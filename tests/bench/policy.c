/* policy: what a decision costs among many rules, in RSA signatures.
 *
 *     bench_policy KEY.pem [RULES [ZONES]]     default: 10000 1000
 *
 * Makes a configuration as a large company might have it, reads it, and decides posts from all of
 * its zones: most are tagged with something that some rule wants, some with nothing that any wants,
 * and some are for everybody. A decision is all that the inbox does between the activity as it was
 * read and the names of the zones that may have it. Signatures are made in between, so that both
 * are measured on the same machine in the same moments. CPU of this thread. Prints a line of JSON.
 *
 * May not know: Redis, HTTP. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys/key.h"
#include "relay/config/config.h"

enum { POSTS = 400, ROUNDS = 10, BATCH = 5, TOPICS = 500, FILE_MAX = CONFIG_FILE_MAX };

struct post {
    struct json *json;
    struct activity activity;
    int from;
    size_t bytes;
};

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench_policy: %s%s\n", what, why);
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The same numbers each time. */
static unsigned draw(unsigned n)
{
    static uint64_t walk = 7;
    walk = walk * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(walk >> 33) % n;
}

/* --- what a company has ----------------------------------------------------------------------- */

static void write_zone(struct bytes *out, unsigned i, unsigned zones)
{
    bytes_addf(out, "  z%u:\n    hosts: ['*.z%u.example']\n    export:\n", i, i);
    bytes_add_str(out, "    - {to: '*', when: {tags: [internal, confidential]}, then: deny}\n");
    bytes_addf(out, "    - {to: z%u, when: {tags: [topic%u], size: <=64KiB}, then: allow}\n",
               (i + 1 + draw(zones - 1)) % zones, draw(TOPICS));
    bytes_add_str(out, "    - {to: '*', when: {tags: [everybody], visibility: public}, unless: "
                       "{bot: true}, then: allow}\n");
    bytes_add_str(out, "    import:\n");
    bytes_add_str(out, "    - {from: '*', when: {size: '>512KiB'}, then: deny}\n");
    bytes_addf(out,
               "    - {from: '*', when: {tags: [topic%u, topic%u], object: [Note, Article]}, "
               "then: allow}\n",
               draw(TOPICS), draw(TOPICS));
    bytes_add_str(out, "    - {from: '*', when: {tags: [everybody]}, then: allow}\n");
}

static void write_rule(struct bytes *out, unsigned zones)
{
    unsigned from = draw(zones), to = (from + 1 + draw(zones - 1)) % zones;
    static const char *const also[] = {"", ", type: Create", ", attachments: <=4",
                                       ", language: [de, en]", ", age: <30d"};
    if (draw(10) == 0)
        bytes_addf(out,
                   "- {from: z%u, to: z%u, when: {author_host: wiki.z%u.example}, then: "
                   "allow}\n",
                   from, to, from);
    else
        bytes_addf(out, "- {from: z%u, to: z%u, when: {tags: [topic%u, topic%u]%s}, then: %s}\n",
                   from, to, draw(TOPICS), draw(TOPICS), also[draw(5)], draw(5) ? "allow" : "deny");
}

static struct config *make_config(unsigned rules, unsigned zones, int64_t *ret_ns)
{
    struct config *config = NULL;
    struct bytes text, why;
    bytes_init(&text, FILE_MAX);
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_add_str(&text, "url: https://relay.example\nzones:\n");
    for (unsigned i = 0; i < zones; i++)
        write_zone(&text, i, zones);
    bytes_add_str(&text, rules > 6 * zones ? "rules:\n" : "");
    for (unsigned i = 6 * zones; i < rules; i++)
        write_rule(&text, zones);
    int64_t before = cpu_ns();
    if (text.over || config_read(bytes_span(&text), "weir.yaml", &why, &config) != ERR_OK)
        give_up("the configuration is refused: ", bytes_str(&why));
    *ret_ns = cpu_ns() - before;
    bytes_fini(&text);
    bytes_fini(&why);
    return config;
}

static void make_post(struct post *p, unsigned zones)
{
    static const struct json_limits limits = {32, 10000, 50000};
    static const struct activity_limits ids = {2048, 100};
    unsigned kind = draw(20); /* 0: for everybody; 1 to 4: nothing that a rule wants */
    struct bytes text;
    bytes_init(&text, 1 << 16);
    p->from = (int)draw(zones);
    bytes_addf(
        &text,
        "{\"id\":\"https://wiki.z%d.example/1\",\"type\":\"Create\",\"actor\":"
        "\"https://wiki.z%d.example/u\",\"to\":\"as:Public\",\"published\":"
        "\"2026-11-22T10:00:00Z\",\"object\":{\"id\":\"https://wiki.z%d.example/n\",\"type\":"
        "\"Note\",\"attributedTo\":\"https://wiki.z%d.example/u\",\"to\":\"as:Public\","
        "\"content\":\"<p>What we found out this week.</p>\",\"contentMap\":{\"en\":\"<p>What "
        "we found out this week.</p>\"},\"sensitive\":false,\"tag\":[",
        p->from, p->from, p->from, p->from);
    for (unsigned i = 0; i < 3; i++) {
        bytes_add_str(&text, i ? "," : "");
        bytes_add_str(&text, "{\"type\":\"Hashtag\",\"name\":\"#");
        if (kind == 0 && i == 0)
            bytes_add_str(&text, "everybody");
        else
            bytes_addf(&text, kind < 5 ? "other%u" : "Topic%u", draw(TOPICS));
        bytes_add_str(&text, "\"}");
    }
    bytes_add_str(&text, "]}}");
    p->bytes = text.n;
    if (json_read(bytes_span(&text), &limits, &p->json) != ERR_OK ||
        activity_read(p->json, &ids, &p->activity) != ERR_OK)
        give_up("a post is refused", "");
    bytes_fini(&text);
}

/* --- measuring -------------------------------------------------------------------------------- */

static size_t decide(const struct policy *policy, const struct post *p, struct bytes *audience)
{
    static struct zone_verdict verdicts[POLICY_ZONES_MAX];
    const struct facts_context context = {.now_ms = 1795000000000,
                                          .bytes = p->bytes,
                                          .bot = FACT_NO,
                                          .zone_of = policy_zone_name,
                                          .arg = (void *)policy};
    struct zone_set set;
    struct facts facts;
    facts_init(&facts, &p->activity, &context);
    policy_decide(policy, &facts, p->from, verdicts, &set);
    facts_fini(&facts);
    bytes_clear(audience);
    policy_set_write(policy, &set, audience);
    return audience->n;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double us_at(int64_t *ns, size_t n, double share)
{
    qsort(ns, n, sizeof(*ns), by_size);
    return (double)ns[(size_t)((double)(n - 1) * share)] / 1000;
}

static struct key *key_open(const char *path)
{
    struct key *key = NULL;
    struct bytes why;
    bytes_init(&why, 1000);
    if (key_load(path, &why, &key) != ERR_OK)
        give_up("", bytes_str(&why));
    bytes_fini(&why);
    return key;
}

static void measure(const struct config *config, const struct key *key, const struct post *posts,
                    int64_t load_ns)
{
    static int64_t decisions[ROUNDS * POSTS], signs[ROUNDS * POSTS / 4];
    static const char text[260];
    size_t n = 0, signed_n = 0, zones = 0;
    struct bytes audience, signature;
    bytes_init(&audience, POLICY_AUDIENCE_MAX);
    bytes_init(&signature, KEY_SIGNATURE_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < POSTS; i++) {
            int64_t before = cpu_ns();
            for (int k = 0; k < BATCH; k++)
                zones += decide(&config->policy, &posts[i], &audience);
            decisions[n++] = (cpu_ns() - before) / BATCH;
            if (i % 4)
                continue;
            bytes_clear(&signature);
            before = cpu_ns();
            if (key_sign(key, (struct span){text, sizeof(text)}, &signature) != ERR_OK)
                give_up("the key does not sign", "");
            signs[signed_n++] = cpu_ns() - before;
        }
    }
    double sign = us_at(signs, signed_n, 0.5), middle = us_at(decisions, n, 0.5);
    printf("{\"rules\": %zu, \"zones\": %zu, \"decisions\": %zu, \"audience_bytes\": %zu, "
           "\"load_ms\": %.0f, \"decision_us\": %.2f, \"decision_us_p99\": %.2f, "
           "\"sign_us\": %.0f, \"decision_in_signs\": %.5f, \"decision_in_signs_p99\": %.5f}\n",
           config->policy.rules_n, config->policy.zones_n, n * BATCH, zones / n / BATCH,
           (double)load_ns / 1e6, middle, us_at(decisions, n, 0.99), sign, middle / sign,
           us_at(decisions, n, 0.99) / sign);
    bytes_fini(&audience);
    bytes_fini(&signature);
}

int main(int argc, char **argv)
{
    uint64_t rules = 10000, zones = 1000;
    static struct post posts[POSTS];
    int64_t load_ns;
    if (argc < 2 || argc > 4 ||
        (argc > 2 && !span_u64(span_of(argv[2]), POLICY_RULES_MAX, &rules)) ||
        (argc > 3 && !span_u64(span_of(argv[3]), POLICY_ZONES_MAX, &zones)) || zones < 2 ||
        rules < 6 * zones)
        give_up("usage: bench_policy KEY.pem [RULES [ZONES]], six rules or more for each zone", "");
    struct key *key = key_open(argv[1]);
    struct config *config = make_config((unsigned)rules, (unsigned)zones, &load_ns);
    for (size_t i = 0; i < POSTS; i++)
        make_post(&posts[i], (unsigned)zones);
    measure(config, key, posts, load_ns);
    for (size_t i = 0; i < POSTS; i++)
        json_free(&posts[i].json);
    config_free(&config);
    key_free(&key);
    return 0;
}
