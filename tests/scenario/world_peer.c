/* world_peer: the other servers of a scenario: what they serve, take, and have taken.
 * May not know: what any scenario is about. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/names.h"

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

static void nodeinfo(struct peer *p, const struct fake_arrived *a, struct fake_answer *ret)
{
    bool index = span_ends(span_of(a->url), SPAN("/.well-known/nodeinfo"));
    char *signature = field_copy(a, "Signature: ");
    *(index ? &p->indexes : &p->nodeinfos) += 1;
    p->nodeinfos_signed += signature != NULL;
    free(signature);
    *ret = index ? p->index : p->nodeinfo;
}

static void on_site(void *arg, const struct fake_arrived *a, struct fake_answer *ret)
{
    struct peer *p = arg;
    if (strcmp(a->method, "POST") == 0) {
        take(p, a, ret);
        return;
    }
    if (span_ends(span_of(a->url), SPAN("/.well-known/nodeinfo")) ||
        span_ends(span_of(a->url), SPAN("/nodeinfo"))) {
        nodeinfo(p, a, ret);
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
    for (const char *c = world_pem(p->key); *c && n + 8 < sizeof(p->text); c++) {
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
    *p = (struct peer){.type = "Service",
                       .document = {.status = 200},
                       .index = {.status = 404},
                       .nodeinfo = {.status = 404},
                       .answers = {.status = 202, .delay_ms = 20}};
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
