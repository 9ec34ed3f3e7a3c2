/* world: the relay and the other servers of a scenario.
 * May not know: what any scenario is about. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/names.h"

static const char head[] = "url: https://relay.example\n"
                           "listen: 127.0.0.1:8080\n"
                           "metrics: 127.0.0.1:9090\n"
                           "data: %s\n"
                           "redis: redis://127.0.0.1:1/0\n";
static const char zones[] = "zones:\n"
                            "  internal:\n"
                            "    hosts: ['*.corp.example']\n"
                            "    networks: [10.0.0.0/8]\n"
                            "    join: open\n"
                            "  partners:\n"
                            "    hosts: ['*.partner.example']\n"
                            "    join: invited\n"
                            "rules:\n"
                            "  - { name: shared, from: internal, to: partners,\n"
                            "      when: { tags: [partners] }, then: allow }\n";

/* --- keys, once a program -------------------------------------------------------------------- */

static char dir[] = "/tmp/weir-scenario-XXXXXX";
static struct key *pair[2];
static struct bytes pem[2];
static pid_t maker;

static void path_of(char out[128], const char *file)
{
    snprintf(out, 128, "%s/%s", dir, file);
}

static const char *const files[] = {KEY_FILE_RSA, KEY_FILE_ED25519, "peer-0.pem", "peer-1.pem"};

int world_keys(void **state)
{
    (void)state;
    struct bytes why;
    char path[128];
    bytes_init(&why, 4096);
    maker = getpid();
    if (!mkdtemp(dir))
        return -1;
    for (size_t i = 0; i < 4; i++) {
        path_of(path, files[i]);
        if (key_create(path, i ? KEY_ED25519 : KEY_RSA, &why) != ERR_OK)
            return -1;
        if (i < 2)
            continue;
        bytes_init(&pem[i - 2], 4096);
        if (key_load(path, &why, &pair[i - 2]) != ERR_OK)
            return -1;
        key_public_pem(pair[i - 2], &pem[i - 2]);
    }
    bytes_fini(&why);
    return 0;
}

int world_keys_gone(void **state)
{
    (void)state;
    char path[128];
    if (getpid() != maker)
        return 0; /* a child of the one that made them */
    for (size_t i = 0; i < 4; i++) {
        path_of(path, files[i]);
        unlink(path);
    }
    for (size_t i = 0; i < 2; i++) {
        key_free(&pair[i]);
        bytes_fini(&pem[i]);
    }
    return rmdir(dir);
}

/* --- other servers --------------------------------------------------------------------------- */

static unsigned post_number(struct span text)
{
    static const char mark[] = "/posts/";
    const char *at = memmem(text.p, text.n, mark, strlen(mark));
    return at ? (unsigned)strtoul(at + strlen(mark), NULL, 10) : 0;
}

static bool mentions(struct span text, const char *word)
{
    return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static char *field_copy(const struct fake_arrived *a, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < a->fields_n; i++)
        if (strncmp(a->fields[i], name, n) == 0)
            return mem_copy(span_of(a->fields[i] + n));
    return NULL;
}

/* What it says of our own in the id that it begins with. */
static void read_kind(struct span body, char *ret, size_t size)
{
    static const char mark[] = "\"id\":\"https://relay.example/activities/";
    const char *at = memmem(body.p, body.n, mark, strlen(mark));
    ret[0] = '\0';
    if (!at || memmem(body.p, (size_t)(at - body.p), "\"type\"", 6))
        return;
    at += strlen(mark);
    struct span rest = {at, (size_t)(body.p + body.n - at)};
    span_copy(span_cut(&rest, '-'), ret, size);
}

static void on_free_again(void *arg)
{
    struct peer *p = arg;
    p->busy--;
}

static void take(struct peer *p, const struct fake_arrived *a, struct fake_answer *ret)
{
    bool of_script = p->script_at < p->script_n && (!p->script_posts || post_number(a->body));
    *ret = of_script ? p->script[p->script_at++] : p->answers;
    if (p->got_n == PEER_GOT)
        abort();
    struct got *got = &p->got[p->got_n++];
    *got =
        (struct got){.at_ms = fake_now(),
                     .k = post_number(a->body),
                     .status = ret->err == ERR_OK && ret->delay_ms < 30 * SECOND ? ret->status : 0,
                     .announce = mentions(a->body, "\"Announce\""),
                     .direct = mentions(a->body, "\"Accept\"") || mentions(a->body, "\"Reject\""),
                     .body = mem_copy(a->body),
                     .signature = field_copy(a, "Signature: ")};
    span_copy(span_of(a->url), got->url, sizeof(got->url));
    read_kind(a->body, got->kind, sizeof(got->kind));
    p->busy++;
    p->busy_most = p->busy > p->busy_most ? p->busy : p->busy_most;
    int64_t until = ret->delay_ms < 30 * SECOND ? ret->delay_ms : 30 * SECOND - 1;
    fake_at(fake_now() + until, on_free_again, p);
}

static void on_site(void *arg, const struct fake_arrived *a, struct fake_answer *ret)
{
    struct peer *p = arg;
    if (strcmp(a->method, "POST") == 0) {
        take(p, a, ret);
        return;
    }
    if (p->object_path && span_ends(span_of(a->url), span_of(p->object_path))) {
        char *signature = field_copy(a, "Signature: ");
        p->object_fetches += signature != NULL;
        free(signature);
        *ret = p->object;
        return;
    }
    while (p->next_actor && strcmp(a->url, p->actor) != 0)
        p = p->next_actor;
    p->fetches++;
    p->fetched_ms = fake_now();
    if (p->redirects) {
        p->redirects--;
        *ret = (struct fake_answer){.status = 302, .location = p->redirect_to};
        return;
    }
    snprintf(p->text, sizeof(p->text),
             "{\"id\":\"%s\",\"type\":\"%s\",\"inbox\":\"%s\",\"publicKey\":{\"id\":\"%s\","
             "\"owner\":\"%s\",\"publicKeyPem\":\"",
             p->actor, p->type, p->inbox, p->key_id, p->actor);
    size_t n = strlen(p->text);
    for (const char *c = bytes_str(&pem[p->key]); *c && n + 8 < sizeof(p->text); c++) {
        if (*c == '\n')
            p->text[n++] = '\\';
        p->text[n++] = *c == '\n' ? 'n' : *c;
    }
    snprintf(p->text + n, sizeof(p->text) - n, "\"}}");
    *ret = p->document;
    ret->body = ret->body ? ret->body : p->text;
    ret->content_type = "application/activity+json";
}

void peer_init(struct peer *p, const char *name, bool internal)
{
    *p = (struct peer){
        .type = "Service", .document = {.status = 200}, .answers = {.status = 202, .delay_ms = 20}};
    snprintf(p->host, sizeof(p->host), "%s.%s.example", name, internal ? "corp" : "partner");
    snprintf(p->actor, sizeof(p->actor), "https://%s/actor", p->host);
    snprintf(p->key_id, sizeof(p->key_id), "%s#main-key", p->actor);
    snprintf(p->inbox, sizeof(p->inbox), "https://%s/inbox", p->host);
    p->got = mem_new(PEER_GOT * sizeof(*p->got));
    peer_moves(p, internal ? "10.1.2.3" : "93.184.216.34");
}

void peer_init_actor(struct peer *p, struct peer *server, const char *name, bool own_inbox)
{
    *p = (struct peer){.type = "Person", .document = {.status = 200}};
    memcpy(p->host, server->host, sizeof(p->host));
    memcpy(p->inbox, server->inbox, sizeof(p->inbox));
    snprintf(p->actor, sizeof(p->actor), "https://%s/users/%s", p->host, name);
    snprintf(p->key_id, sizeof(p->key_id), "%s#main-key", p->actor);
    if (own_inbox)
        snprintf(p->inbox, sizeof(p->inbox), "%s/inbox", p->actor);
    while (server->next_actor)
        server = server->next_actor;
    server->next_actor = p;
}

void peer_init_in_shard(struct peer *p, unsigned shard, unsigned number)
{
    char name[32];
    char host[64];
    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof(name), "n%u-%u", number, i);
        snprintf(host, sizeof(host), "%s.corp.example", name);
        if (shard_of(span_of(host), store_shards(NULL)) == shard)
            break;
    }
    peer_init(p, name, true);
}

void peer_fini(struct peer *p)
{
    for (size_t i = 0; i < p->got_n; i++) {
        free(p->got[i].body);
        free(p->got[i].signature);
    }
    free(p->got);
}

void peer_away(struct peer *p, bool away)
{
    fake_host(p->host, p->address, away ? NULL : on_site, p);
}

void peer_moves(struct peer *p, const char *address)
{
    p->address = address;
    peer_away(p, false);
}

void peer_next(struct peer *p, struct fake_answer answer)
{
    if (p->script_n == PEER_SCRIPT)
        abort();
    p->script[p->script_n++] = answer;
}

static bool took(const struct got *got)
{
    return got->k && got->status >= 200 && got->status < 300;
}

size_t peer_took(const struct peer *p, unsigned *ret, size_t most, bool first)
{
    size_t n = 0;
    for (size_t i = 0; i < p->got_n; i++) {
        bool before = false;
        for (size_t j = 0; first && j < i; j++)
            before = before || (took(&p->got[j]) && p->got[j].k == p->got[i].k);
        if (!took(&p->got[i]) || before)
            continue;
        if (n < most)
            ret[n] = p->got[i].k;
        n++;
    }
    return n;
}

bool peer_has(const struct peer *p, unsigned from, unsigned to)
{
    static unsigned has[PEER_GOT];
    size_t n = peer_took(p, has, PEER_GOT, true);
    bool same = n == to - from + 1;
    for (unsigned i = 0; same && i < n; i++)
        same = has[i] == from + i;
    return same;
}

size_t peer_times(const struct peer *p, unsigned k)
{
    size_t n = 0;
    for (size_t i = 0; i < p->got_n; i++)
        n += p->got[i].k == k && took(&p->got[i]);
    return n;
}

size_t peer_sent(const struct peer *p, unsigned k)
{
    size_t n = 0;
    for (size_t i = 0; i < p->got_n; i++)
        n += p->got[i].k == k;
    return n;
}

/* --- the relay ------------------------------------------------------------------------------- */

static struct config *read_config(const char *policy)
{
    struct bytes text;
    struct bytes why;
    struct config *config = NULL;
    bytes_init(&text, 65536);
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_addf(&text, head, dir);
    bytes_add_str(&text, policy);
    if (config_read(bytes_span(&text), "weir.yaml", &why, &config) != ERR_OK)
        fail_msg("%s", bytes_str(&why));
    bytes_fini(&text);
    bytes_fini(&why);
    /* What arrives is compared in order: a test that wants more says so. */
    config->set.delivery_window = 1;
    return config;
}

void world_policy(struct world *w, const char *text)
{
    struct config *config = read_config(text ? text : zones);
    context_take_config(&w->context, &config);
    if (w->steward)
        steward_policy_changed(w->steward);
}

static void context_new(struct context *ret)
{
    struct bytes why;
    struct config *config = read_config(zones);
    bytes_init(&why, 4096);
    if (context_init(ret, loop_new(), &config, &why) != ERR_OK)
        fail_msg("%s", bytes_str(&why));
    bytes_fini(&why);
    ret->client = http_client_new(ret->loop, "weir", 1, 64);
}

void world_init(struct world *w, uint64_t seed)
{
    fake_reset(seed);
    *w = (struct world){0};
    context_new(&w->context);
    w->context.store = fake_store_new();
}

void world_context(const struct world *w, struct context *ret)
{
    context_new(ret);
    ret->store = w->context.store;
}

void world_context_fini(struct context *context)
{
    http_client_free(&context->client);
    loop_free(&context->loop);
    context_fini(context);
}

void world_fini(struct world *w)
{
    fake_process(w->process);
    steward_free(&w->steward);
    front_free(&w->front);
    courier_free(&w->courier);
    http_client_free(&w->context.client);
    loop_free(&w->context.loop);
    fake_process(0);
    fake_store_free(&w->context.store);
    context_fini(&w->context);
    assert_int_equal(fake_waiting(), 0);
}

void world_front(struct world *w)
{
    struct bytes why;
    bytes_init(&why, 1024);
    unsigned before = fake_process(w->process);
    assert_int_equal(front_new(&w->context, &why, &w->front), ERR_OK);
    fake_process(before);
    bytes_fini(&why);
}

static void on_ready(void *arg, bool ready)
{
    struct world *w = arg;
    unsigned before = fake_process(w->process);
    if (w->steward)
        steward_ready(w->steward, ready, ready ? NULL : "as the test has it");
    if (w->courier)
        courier_ready(w->courier, ready);
    fake_process(before);
}

void world_courier(struct world *w)
{
    unsigned before = fake_process(w->process);
    w->courier =
        courier_new(&w->context, &(struct courier_config){.name = "courier-0", .couriers = 1});
    fake_store_on_ready(w->context.store, on_ready, w);
    courier_ready(w->courier, true);
    fake_process(before);
}

void world_steward(struct world *w)
{
    struct bytes why;
    struct steward_config config = {.context = &w->context};
    bytes_init(&why, 1024);
    unsigned before = fake_process(w->process);
    assert_int_equal(steward_new(&config, &why, &w->steward), ERR_OK);
    bytes_fini(&why);
    steward_ready(w->steward, true, NULL);
    fake_process(before);
}

void world_courier_dies(struct world *w)
{
    unsigned before = fake_process(w->process);
    courier_free(&w->courier);
    world_courier(w);
    fake_process(before);
}

static void on_drained(void *arg)
{
    struct world *w = arg;
    assert_false(w->drained);
    w->drained = true;
}

void world_courier_ends(struct world *w)
{
    w->drained = false;
    unsigned before = fake_process(w->process);
    courier_drain(w->courier, on_drained, w);
    for (int64_t until = fake_now() + 40 * SECOND; !w->drained;)
        assert_true(fake_step(until));
    courier_free(&w->courier);
    fake_process(before);
}

void world_dies(struct world *w)
{
    fake_kill(w->process++);
    w->front = NULL;
    w->courier = NULL;
    w->steward = NULL;
    fake_store_on_ready(w->context.store, NULL, NULL);
}

void world_starts(struct world *w)
{
    struct store *store = w->context.store;
    unsigned before = fake_process(w->process);
    context_new(&w->context);
    fake_process(before);
    w->context.store = store;
    world_front(w);
    world_courier(w);
    world_steward(w);
}

struct outcome {
    unsigned times;
    enum err err;
};

static void on_event(void *arg, enum err err, const struct member *member)
{
    struct outcome *o = arg;
    (void)member;
    o->times++;
    o->err = err;
}

enum err world_event(struct world *w, const struct peer *p, enum member_event event,
                     const struct member *with)
{
    struct outcome o = {0};
    struct membership_ask ask = {.host = span_of(p->host), .event = event, .with = with};
    membership_change(&w->context, &ask, on_event, &o);
    fake_run(10);
    assert_int_equal(o.times, 1);
    return o.err;
}

static void bring(const struct peer *p, enum member_style style, struct member *with)
{
    struct member_follower follower = {.style = style, .machine = style == STYLE_LITEPUB};
    span_copy(span_of(p->actor), follower.actor, sizeof(follower.actor));
    snprintf(follower.follow, sizeof(follower.follow), "%s/follow", p->actor);
    member_bring(with, &follower, span_of(p->inbox));
}

void world_brings(const struct peer *p, struct member *with)
{
    bring(p, STYLE_PUBLIC, with);
}

static void member_in_style(struct world *w, const struct peer *p, enum member_style style)
{
    struct member *with = mem_new(sizeof(*with));
    int zone = policy_zone_of(&w->context.config->policy, span_of(p->host));
    assert_true(zone >= 0);
    span_copy(span_of(w->context.config->policy.zones[zone].name), with->zone, sizeof(with->zone));
    if (w->context.config->policy.zones[zone].join == JOIN_INVITED)
        assert_int_equal(world_event(w, p, EVENT_INVITE, with), ERR_OK);
    bring(p, style, with);
    assert_int_equal(world_event(w, p, EVENT_FOLLOW, with), ERR_OK);
    free(with);
}

void world_member(struct world *w, const struct peer *p)
{
    member_in_style(w, p, STYLE_PUBLIC);
}

void world_relay_member(struct world *w, const struct peer *p)
{
    member_in_style(w, p, STYLE_LITEPUB);
}

uint64_t world_post(struct world *w, unsigned k)
{
    struct fake_post post = {.from = WORLD_AUTHOR, .audience = "internal", .k = k};
    return fake_accept(w->context.store, &post);
}

/* --- what comes in --------------------------------------------------------------------------- */

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"

void write_create(const struct peer *p, unsigned k, struct bytes *out)
{
    bytes_addf(out,
               "{\"id\":\"https://%s/posts/%u#create\",\"type\":\"Create\",\"actor\":\"%s\","
               "\"to\":\"" PUBLIC "\",\"object\":{\"id\":\"https://%s/posts/%u\",\"type\":\"Note\","
               "\"attributedTo\":\"%s\",\"to\":\"" PUBLIC "\",\"content\":\"post %u\"},"
               "\"proof\":{\"type\":\"DataIntegrityProof\"}}",
               p->host, k, p->actor, p->host, k, p->actor, k);
}

static void write_follow_of(const struct peer *p, const char *object, struct bytes *out)
{
    bytes_addf(out, "{\"id\":\"%s/follow\",\"type\":\"Follow\",\"actor\":\"%s\",\"object\":\"%s\"}",
               p->actor, p->actor, object);
}

void write_follow(const struct peer *p, struct bytes *out)
{
    write_follow_of(p, PUBLIC, out);
}

void write_follow_actor(const struct peer *p, struct bytes *out)
{
    write_follow_of(p, "https://relay.example/actor", out);
}

void write_delete(const struct peer *p, unsigned k, struct bytes *out)
{
    struct bytes object;
    bytes_init(&object, 256);
    if (k)
        bytes_addf(&object, "https://%s/posts/%u", p->host, k);
    else
        bytes_add_str(&object, p->actor);
    bytes_addf(out,
               "{\"id\":\"%s#delete\",\"type\":\"Delete\",\"actor\":\"%s\",\"to\":\"" PUBLIC
               "\",\"object\":\"%s\",\"proof\":{\"type\":\"DataIntegrityProof\"}}",
               bytes_str(&object), p->actor, bytes_str(&object));
    bytes_fini(&object);
}

void world_send(struct world *w, const struct peer *p, int key, const struct bytes *body,
                struct fake_reply *reply)
{
    struct bytes lines;
    struct fake_field fields[8] = {{"Host", "relay.example"},
                                   {"Content-Type", "application/activity+json"}};
    size_t n = 2;
    bytes_init(&lines, 16384);
    struct signature_order order = {.scheme = SIGNATURE_CAVAGE,
                                    .key = pair[key < 0 ? p->key : key],
                                    .key_id = span_of(p->key_id),
                                    .method = SPAN("POST"),
                                    .url_scheme = SPAN("https"),
                                    .authority = SPAN("relay.example"),
                                    .target = SPAN("/inbox"),
                                    .body = bytes_span(body),
                                    .content_type = SPAN("application/activity+json"),
                                    .now = clock_wall_ms() / 1000};
    assert_int_equal(signature_write(&order, &lines), ERR_OK);
    for (char *at = lines.p, *end; n < 8 && (end = strstr(at, "\r\n")); at = end + 2, n++) {
        char *colon = strstr(at, ": ");
        *colon = '\0';
        *end = '\0';
        fields[n] = (struct fake_field){at, colon + 2};
    }
    unsigned before = fake_process(w->process);
    fake_request(w->context.config->set.listen, "POST", "/inbox", fields, n, bytes_span(body),
                 reply);
    fake_process(before);
    bytes_fini(&lines);
}

void world_send_create(struct world *w, const struct peer *p, unsigned k, struct fake_reply *reply)
{
    struct bytes body;
    bytes_init(&body, 8192);
    write_create(p, k, &body);
    world_send(w, p, -1, &body, reply);
    bytes_fini(&body);
}

void world_send_follow(struct world *w, const struct peer *p, struct fake_reply *reply)
{
    struct bytes body;
    bytes_init(&body, 8192);
    write_follow(p, &body);
    world_send(w, p, -1, &body, reply);
    bytes_fini(&body);
}

void world_send_delete(struct world *w, const struct peer *p, unsigned k, struct fake_reply *reply)
{
    struct bytes body;
    bytes_init(&body, 8192);
    write_delete(p, k, &body);
    world_send(w, p, -1, &body, reply);
    bytes_fini(&body);
}

void world_operate(struct world *w, const char *path, struct span body, struct fake_reply *reply)
{
    char listen[4096];
    snprintf(listen, sizeof(listen), "unix:%s", w->context.config->admin_socket);
    unsigned before = fake_process(w->process);
    fake_request(listen, "POST", path, NULL, 0, body, reply);
    fake_process(before);
}

unsigned long reply_retry_after(const struct fake_reply *reply)
{
    static const char name[] = "Retry-After: ";
    const char *at = strstr(reply->fields, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

bool reply_is(const struct fake_reply *reply, int status, const char *code)
{
    bool same = reply->times == 1 && reply->status == status &&
                (!code || strstr(reply->body, code) != NULL);
    if (!same)
        print_message("answered %u times: %d %s\n%s", reply->times, reply->status, reply->body,
                      fake_log());
    return same;
}

size_t world_entries(const struct world *w)
{
    const struct fake_line *lines;
    size_t n = fake_lines(w->context.store, &lines);
    size_t entries = 0;
    for (size_t i = 0; i < n; i++)
        entries += lines[i].line.kind == JOURNAL_ENTRY;
    return entries;
}
