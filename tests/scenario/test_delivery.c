/* What an attempt's answer leads to: when the next one comes, whether there is one, and what is
 * written down. One courier, few receivers, and all the time in the world. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/date.h"
#include "common/pure/uri.h"

enum { SLACK_MS = 50 }; /* arrival, answer, and one millisecond for a timer */

static void begin(struct world *w, struct peer *p)
{
    world_init(w, 3);
    w->context.config->set.delivery_commit = SECOND; /* these tests last for days */
    peer_init(p, "wiki", true);
    world_courier(w);
    fake_run(SECOND);
    world_member(w, p);
    fake_run(SECOND);
    assert_int_equal(p->got_n, 1); /* the Accept */
    assert_true(p->got[0].direct);
    assert_int_equal(fake_mail(w->context.store), 0);
}

static void end(struct world *w, struct peer *p)
{
    world_courier_ends(w);
    world_fini(w);
    peer_fini(p);
}

static struct fake_answer status(int code)
{
    return (struct fake_answer){.status = code, .delay_ms = 20};
}

static bool logged(const struct peer *p, const char *a, const char *b)
{
    return fake_logged(p->host, a, b) > 0;
}

/* When the i-th POST of a post came, after the Accept. */
static int64_t came(const struct peer *p, size_t i)
{
    return p->got[i + 1].at_ms;
}

/* --- what is sent ---------------------------------------------------------------------------- */

static void test_bytes_as_received_and_signed(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    const struct fake_line *lines;
    begin(&w, &wiki);
    world_post(&w, 1);
    fake_run(SECOND);
    size_t n = fake_lines(w.context.store, &lines);
    assert_int_equal(wiki.got_n, 2);
    assert_string_equal(wiki.got[1].body, lines[n - 1].body);
    assert_non_null(
        strstr(wiki.got[1].signature, "keyId=\"https://relay.example/actor#main-key\""));
    assert_false(wiki.got[1].announce);
    /* The twin: without a proof it is announced, by the object's id. */
    struct fake_post bare = {
        .from = WORLD_AUTHOR, .audience = "internal", .k = 2, .no_proof = true};
    fake_accept(w.context.store, &bare);
    fake_run(SECOND);
    assert_int_equal(wiki.got_n, 3);
    assert_true(wiki.got[2].announce);
    assert_int_equal(wiki.got[2].k, 2);
    assert_true(logged(&wiki, "form=bytes", "delivered"));
    assert_true(logged(&wiki, "form=announce", "delivered"));
    end(&w, &wiki);
}

static const struct {
    enum activity_type type;
    bool no_proof;
    enum outgoing_announced announced;
    bool body_gone;
    const char *wiki, *akkoma; /* what each gets: `-`: nothing */
    const char *record;        /* of the wiki's: why not; NULL: there is none */
} forms[] = {
    {ACTIVITY_CREATE, false, ANNOUNCED_NO, false, "bytes", "Announce", NULL},
    {ACTIVITY_CREATE, true, ANNOUNCED_NO, false, "Announce", "Announce", NULL},
    {ACTIVITY_CREATE, false, ANNOUNCED_NO, true, "Announce", "Announce", NULL},
    {ACTIVITY_ANNOUNCE, false, ANNOUNCED_NO, false, "bytes", "Announce", NULL},
    {ACTIVITY_UPDATE, false, ANNOUNCED_NO, false, "bytes", "-", NULL},
    {ACTIVITY_UPDATE, true, ANNOUNCED_NO, false, "-", "-", NULL},
    {ACTIVITY_UPDATE, false, ANNOUNCED_NO, true, "-", "-", "skip body-gone"},
    {ACTIVITY_DELETE, false, ANNOUNCED_NO, false, "bytes", "-", NULL},
    {ACTIVITY_DELETE, true, ANNOUNCED_NO, false, "-", "-", NULL},
    {ACTIVITY_DELETE, false, ANNOUNCED_LITEPUB, false, "bytes", "Undo", NULL},
    {ACTIVITY_DELETE, true, ANNOUNCED_LITEPUB, false, "-", "Undo", NULL},
    /* never an Announce of what was deleted, whatever is still there of the Delete */
    {ACTIVITY_DELETE, false, ANNOUNCED_LITEPUB, true, "-", "Undo", "skip body-gone"},
    {ACTIVITY_DELETE, false, ANNOUNCED_ALL, true, "Undo", "Undo", NULL},
    {ACTIVITY_DELETE, false, ANNOUNCED_ALL, false, "bytes", "Undo", NULL},
    {ACTIVITY_DELETE, true, ANNOUNCED_ALL, false, "Undo", "Undo", NULL},
    {ACTIVITY_UNDO, false, ANNOUNCED_LITEPUB, false, "bytes", "Undo", NULL},
    {ACTIVITY_UNDO, false, ANNOUNCED_ALL, false, "Undo", "Undo", NULL},
    {ACTIVITY_UNDO, true, ANNOUNCED_ALL, false, "Undo", "Undo", NULL},
};

/* What it got of post k, in one word. */
static const char *form_of(const struct peer *p, unsigned k, const char *bytes)
{
    static const char undo[] = "\"type\":\"Undo\"";
    static const char announce[] = "\"type\":\"Announce\"";
    const struct got *found = NULL;
    for (size_t i = 0; i < p->got_n; i++)
        if (p->got[i].k == k) {
            assert_null(found);
            found = &p->got[i];
        }
    if (!found)
        return "-";
    if (bytes && strcmp(found->body, bytes) == 0)
        return "bytes";
    return strstr(found->body, undo) ? "Undo" : strstr(found->body, announce) ? "Announce" : "?";
}

static void test_the_form_is_by_style(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    struct peer akkoma;
    const struct fake_line *lines;
    begin(&w, &wiki);
    peer_init(&akkoma, "akkoma", true);
    world_relay_member(&w, &akkoma);
    fake_run(SECOND);
    for (unsigned k = 1; k <= sizeof(forms) / sizeof(forms[0]); k++) {
        struct fake_post post = {.from = WORLD_AUTHOR,
                                 .audience = "internal",
                                 .k = k,
                                 .type = forms[k - 1].type,
                                 .no_proof = forms[k - 1].no_proof,
                                 .announced = forms[k - 1].announced};
        uint64_t n = fake_accept(w.context.store, &post);
        if (forms[k - 1].body_gone)
            fake_drop_bodies(w.context.store, n);
        fake_run(3 * SECOND); /* a commit, too */
        print_message("%s, row %u\n", activity_type_name(post.type), k);
        size_t at = fake_lines(w.context.store, &lines) - 1;
        const char *bytes = lines[at].body;
        assert_string_equal(form_of(&wiki, k, bytes), forms[k - 1].wiki);
        assert_string_equal(form_of(&akkoma, k, bytes), forms[k - 1].akkoma);
        const char *record = fake_record(w.context.store, n, wiki.host);
        assert_string_equal(record ? record : "", forms[k - 1].record ? forms[k - 1].record : "");
        assert_null(fake_record(w.context.store, n, akkoma.host));
    }
    end(&w, &wiki);
    peer_fini(&akkoma);
}

static void test_not_back_and_not_outside_the_audience(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    struct fake_post own = {.from = wiki.host, .audience = "internal", .k = 1};
    struct fake_post other = {.from = WORLD_AUTHOR, .audience = "partners", .k = 2};
    fake_accept(w.context.store, &own);
    fake_accept(w.context.store, &other);
    world_post(&w, 3);
    fake_run(SECOND);
    assert_int_equal(peer_sent(&wiki, 1), 0);
    assert_int_equal(peer_sent(&wiki, 2), 0);
    assert_int_equal(peer_times(&wiki, 3), 1);
    end(&w, &wiki);
}

static void test_body_gone(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    /* In one turn, so that the bodies are gone before anybody reads them. */
    world_post(&w, 1);
    struct fake_post update = {
        .from = WORLD_AUTHOR, .audience = "internal", .k = 2, .type = ACTIVITY_UPDATE};
    uint64_t n = fake_accept(w.context.store, &update);
    fake_drop_bodies(w.context.store, n);
    world_post(&w, 3);
    fake_run(2 * SECOND); /* a commit lies between */
    assert_int_equal(wiki.got_n, 3);
    assert_true(wiki.got[1].announce);
    assert_int_equal(wiki.got[1].k, 1);
    assert_int_equal(peer_sent(&wiki, 2), 0); /* an Update never becomes an Announce */
    assert_string_equal(fake_record(w.context.store, n, wiki.host), "skip body-gone");
    assert_false(wiki.got[2].announce); /* the twin: its body is there */
    assert_int_equal(wiki.got[2].k, 3);
    end(&w, &wiki);
}

/* That a body could not be read just now says nothing about whether it is kept: nobody gets an
 * Announce for it, and nobody goes without. */
static void body_unreadable(enum fake_fault fault, size_t in_flight)
{
    enum { PEERS = 40 };
    static struct peer peers[PEERS];
    struct world w;
    char name[16];
    world_init(&w, 4);
    w.context.config->set.delivery_in_flight = (int64_t)in_flight;
    for (unsigned i = 0; i < PEERS; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        peer_init(&peers[i], name, true);
        world_member(&w, &peers[i]);
    }
    world_courier(&w);
    fake_run(MINUTE);
    fake_fault(OP_BODY, fault, 0, 3);
    struct fake_post update = {
        .from = WORLD_AUTHOR, .audience = "internal", .k = 1, .type = ACTIVITY_UPDATE};
    fake_accept(w.context.store, &update);
    world_post(&w, 2);
    fake_run(HOUR);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(peer_times(&peers[i], 1), 1);
        assert_int_equal(peer_times(&peers[i], 2), 1);
        for (size_t g = 0; g < peers[i].got_n; g++)
            assert_false(peers[i].got[g].announce);
    }
    assert_int_equal(fake_records(w.context.store), 0);
    world_courier_ends(&w);
    world_fini(&w);
    for (unsigned i = 0; i < PEERS; i++)
        peer_fini(&peers[i]);
}

static void test_body_unreadable_for_a_moment(void **state)
{
    (void)state;
    body_unreadable(FAULT_REFUSED, 1024);
    body_unreadable(FAULT_REFUSED, 3);
    body_unreadable(FAULT_LOST, 3);
}

/* --- again, and when ------------------------------------------------------------------------- */

static void test_backoff_stays_in_its_bounds(void **state)
{
    (void)state;
    enum { TIMES = 20 };
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    for (int i = 0; i < TIMES; i++)
        peer_next(&wiki, status(503));
    wiki.script_at = 0;
    w.context.config->set.delivery_lease = 2 * MINUTE; /* days pass: fewer beats will do */
    world_post(&w, 1);
    fake_run(2 * DAY);
    assert_int_equal(peer_sent(&wiki, 1), TIMES + 1);
    assert_int_equal(peer_times(&wiki, 1), 1);
    int64_t most = 0;
    for (size_t i = 0; i + 1 < TIMES + 1; i++) {
        int64_t gap = came(&wiki, i + 1) - came(&wiki, i);
        int64_t ceiling = i < 12 ? SECOND << i : HOUR;
        assert_in_range(gap, 500, (ceiling < HOUR ? ceiling : HOUR) + SLACK_MS);
        most = gap > most ? gap : most;
    }
    assert_true(most > 10 * MINUTE); /* it does grow */
    end(&w, &wiki);
}

/* One that fails by itself is set aside: what follows does not wait, it comes later, and that is
 * written down. */
static void test_set_aside(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    for (int i = 0; i < 3; i++)
        peer_next(&wiki, status(500));
    uint64_t n = world_post(&w, 1);
    world_post(&w, 2);
    fake_run(30 * SECOND);
    assert_int_equal(peer_sent(&wiki, 1), 3);
    assert_int_equal(peer_times(&wiki, 2), 1);
    assert_int_equal(fake_cursor(w.context.store, wiki.host).aside_n, 1);
    world_post(&w, 3);
    fake_run(MINUTE);
    assert_int_equal(peer_times(&wiki, 3), 1);
    assert_int_equal(peer_times(&wiki, 1), 1);
    assert_in_range(came(&wiki, 5) - came(&wiki, 2), MINUTE, MINUTE + SLACK_MS);
    assert_int_equal(fake_cursor(w.context.store, wiki.host).aside_n, 0);
    assert_null(fake_record(w.context.store, n, wiki.host));
    end(&w, &wiki);
}

static void retry_after(int code, const char *value, int64_t least, int64_t most)
{
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    peer_next(&wiki, (struct fake_answer){.status = code, .retry_after = value});
    world_post(&w, 1);
    fake_run(7 * HOUR);
    assert_int_equal(peer_sent(&wiki, 1), 2);
    assert_int_equal(peer_times(&wiki, 1), 1);
    assert_in_range(came(&wiki, 1) - came(&wiki, 0), least, most);
    end(&w, &wiki);
}

static void test_retry_after(void **state)
{
    (void)state;
    char date[DATE_HTTP_SIZE];
    retry_after(429, "120", 120 * SECOND, 120 * SECOND + SLACK_MS);
    retry_after(503, "7", 7 * SECOND, 7 * SECOND + SLACK_MS);
    retry_after(503, "31536000", 6 * HOUR, 6 * HOUR + SLACK_MS);
    /* The post is sent some two seconds after time began. */
    date_http_write(FAKE_EPOCH_MS / 1000 + 600, date);
    retry_after(503, date, 596 * SECOND, 599 * SECOND);
    /* The twins: with no Retry-After, and with another status, the back-off is the usual one. */
    retry_after(503, NULL, 500, SECOND + SLACK_MS);
    retry_after(500, "120", 500, SECOND + SLACK_MS);
}

static void test_timeout_is_tried_again(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    peer_next(&wiki, (struct fake_answer){.status = 202, .delay_ms = HOUR});
    world_post(&w, 1);
    fake_run(29 * SECOND);
    assert_int_equal(peer_sent(&wiki, 1), 1);
    fake_run(5 * SECOND);
    assert_int_equal(peer_sent(&wiki, 1), 2); /* who did not answer may have had it */
    assert_int_equal(peer_times(&wiki, 1), 1);
    assert_true(logged(&wiki, "verdict=later", "code=timeout"));
    end(&w, &wiki);
}

/* --- never ----------------------------------------------------------------------------------- */

static void refused(int code)
{
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    peer_next(&wiki, status(code));
    uint64_t n = world_post(&w, 1);
    world_post(&w, 2);
    fake_run(2 * HOUR);
    assert_int_equal(peer_sent(&wiki, 1), 1);
    assert_string_equal(fake_record(w.context.store, n, wiki.host), "fail refused-by-peer");
    assert_int_equal(peer_times(&wiki, 2), 1); /* what follows is not held up */
    assert_true(came(&wiki, 1) - came(&wiki, 0) < 2 * SECOND);
    assert_null(fake_record(w.context.store, n + 1, wiki.host));
    end(&w, &wiki);
}

static void test_refused_for_good(void **state)
{
    (void)state;
    static const int codes[] = {400, 404, 410, 413, 501};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        refused(codes[i]);
}

/* The refusal is on disk before the next entry of its object goes out: else a crash in between
 * brings the refused one out once more, behind its follower. */
static void test_refusal_is_written_before_the_next(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    peer_next(&wiki, status(410));
    uint64_t n = world_post(&w, 1);
    const struct fake_post update = {
        .from = WORLD_AUTHOR, .audience = "internal", .k = 1, .type = ACTIVITY_UPDATE};
    fake_accept(w.context.store, &update);
    while (peer_sent(&wiki, 1) < 2)
        assert_true(fake_step(fake_now() + SECOND));
    assert_non_null(fake_record(w.context.store, n, wiki.host));
    end(&w, &wiki);
}

static void test_unauthorized_is_given_time(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    wiki.answers = status(401);
    w.context.config->set.delivery_lease = 2 * MINUTE;
    uint64_t n = world_post(&w, 1);
    fake_run(2 * MINUTE);
    assert_true(peer_sent(&wiki, 1) >= 3);
    assert_null(fake_record(w.context.store, n, wiki.host));
    fake_run(6 * HOUR);
    size_t sent = peer_sent(&wiki, 1);
    assert_string_equal(fake_record(w.context.store, n, wiki.host), "fail refused-by-peer");
    assert_true(came(&wiki, sent - 1) - came(&wiki, 0) >= HOUR);
    fake_run(2 * DAY);
    assert_int_equal(peer_sent(&wiki, 1), sent);
    /* The twin: one whose clock mends within the hour gets it. */
    for (int i = 0; i < 3; i++)
        peer_next(&wiki, status(401));
    wiki.answers = status(202);
    n = world_post(&w, 2);
    fake_run(HOUR);
    assert_int_equal(peer_times(&wiki, 2), 1);
    assert_null(fake_record(w.context.store, n, wiki.host));
    end(&w, &wiki);
}

static void test_address_is_not_allowed(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    world_init(&w, 5);
    peer_init(&shop, "shop", false);
    world_member(&w, &shop);
    peer_moves(&shop, "10.1.2.3");
    world_courier(&w);
    struct fake_post post = {.from = WORLD_AUTHOR, .audience = "partners", .k = 1};
    fake_accept(w.context.store, &post);
    fake_run(10 * MINUTE);
    assert_int_equal(shop.got_n, 0);
    assert_true(logged(&shop, "verdict=later", "code=address"));
    /* The twin: as soon as it lives where it may. */
    peer_moves(&shop, "93.184.216.34");
    fake_run(2 * HOUR);
    assert_int_equal(peer_times(&shop, 1), 1);
    assert_int_equal(fake_mail(w.context.store), 0);
    world_courier_ends(&w);
    world_fini(&w);
    peer_fini(&shop);
}

static void away_for(int64_t ms, bool gets_it)
{
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    w.context.config->set.delivery_horizon = 5 * DAY; /* after seven it is parked */
    w.context.config->set.delivery_lease = 10 * MINUTE;
    peer_away(&wiki, true);
    uint64_t n = world_post(&w, 1);
    fake_run(ms);
    peer_away(&wiki, false);
    fake_run(2 * HOUR);
    assert_int_equal(peer_times(&wiki, 1), gets_it);
    if (gets_it)
        assert_null(fake_record(w.context.store, n, wiki.host));
    else
        assert_string_equal(fake_record(w.context.store, n, wiki.host), "fail too-old");
    world_post(&w, 2);
    fake_run(SECOND);
    assert_int_equal(peer_times(&wiki, 2), 1);
    end(&w, &wiki);
}

static void test_too_old(void **state)
{
    (void)state;
    away_for(5 * DAY + 2 * HOUR, false);
    away_for(4 * DAY, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_as_received_and_signed),
        cmocka_unit_test(test_the_form_is_by_style),
        cmocka_unit_test(test_not_back_and_not_outside_the_audience),
        cmocka_unit_test(test_body_gone),
        cmocka_unit_test(test_body_unreadable_for_a_moment),
        cmocka_unit_test(test_backoff_stays_in_its_bounds),
        cmocka_unit_test(test_set_aside),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_timeout_is_tried_again),
        cmocka_unit_test(test_refused_for_good),
        cmocka_unit_test(test_refusal_is_written_before_the_next),
        cmocka_unit_test(test_unauthorized_is_given_time),
        cmocka_unit_test(test_address_is_not_allowed),
        cmocka_unit_test(test_too_old),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
