/* world: the relay of a scenario, and what is sent to it.
 * May not know: what any scenario is about. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "relay/names.h"

static const char head[] = "url: https://relay.example\n"
                           "listen: 127.0.0.1:8080\n"
                           "metrics: 127.0.0.1:9090\n"
                           "data: %s\n"
                           "redis: redis://127.0.0.1:1/0\n";
static const char zones[] = WORLD_ZONES "rules:\n"
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

const char *world_pem(int key)
{
    return bytes_str(&pem[key]);
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
    config->set.fetch_software = 0;
    return config;
}

void world_policy(struct world *w, const char *text)
{
    struct config *config = read_config(text ? text : zones);
    context_take_config(&w->context, &config);
    if (w->steward)
        steward_config_taken(w->steward, "");
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
    fake_tails_die(w->context.store, w->process);
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
    struct fake_post post = {
        .from = WORLD_AUTHOR, .zone = "internal", .audience = "internal", .k = k};
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

static void ask_admin(struct world *w, const char *method, const char *path, struct span body,
                      struct fake_reply *reply)
{
    char listen[4096];
    snprintf(listen, sizeof(listen), "unix:%s", w->context.config->admin_socket);
    unsigned before = fake_process(w->process);
    fake_request(listen, method, path, NULL, 0, body, reply);
    fake_process(before);
}

void world_operate(struct world *w, const char *path, struct span body, struct fake_reply *reply)
{
    ask_admin(w, "POST", path, body, reply);
}

void world_ask(struct world *w, const char *path, struct fake_reply *reply)
{
    ask_admin(w, "GET", path, SPAN_NONE, reply);
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
