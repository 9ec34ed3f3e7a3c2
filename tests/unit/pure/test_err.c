/* The unit test of common/pure/err: what partners and operators see of an error is a promise, so
 * every code stands here a second time, with its status. A new row in the table needs one here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/pure/err.h"

static const struct {
    enum err e;
    const char *code;
    int status;
    bool later;
} rows[] = {
    {ERR_OK, "ok", 0, false},
    {ERR_BAD_REQUEST, "bad-request", 400, false},
    {ERR_NOT_FOUND, "not-found", 404, false},
    {ERR_METHOD, "method", 405, false},
    {ERR_TIMEOUT, "timeout", 408, true},
    {ERR_TOO_LARGE, "too-large", 413, false},
    {ERR_URI_TOO_LONG, "uri-too-long", 414, false},
    {ERR_MEDIA_TYPE, "media-type", 415, false},
    {ERR_EXPECTATION, "expectation", 417, false},
    {ERR_MISDIRECTED, "misdirected", 421, false},
    {ERR_RATE, "rate", 429, true},
    {ERR_VERSIONS, "versions", 429, true},
    {ERR_HEADERS, "headers", 431, false},
    {ERR_NOT_IMPLEMENTED, "not-implemented", 501, false},
    {ERR_UNAVAILABLE, "unavailable", 503, true},
    {ERR_JSON_SYNTAX, "json-syntax", 400, false},
    {ERR_JSON_DUPLICATE, "json-duplicate", 400, false},
    {ERR_JSON_DEPTH, "json-depth", 400, false},
    {ERR_JSON_SIZE, "json-size", 400, false},
    {ERR_JSON_ENCODING, "json-encoding", 400, false},
    {ERR_JSON_NUMBER, "json-number", 400, false},
    {ERR_NOT_AN_ACTIVITY, "not-an-activity", 400, false},
    {ERR_GRAPH, "graph", 400, false},
    {ERR_RECIPIENTS, "recipients", 400, false},
    {ERR_TAGS, "tags", 400, false},
    {ERR_URL, "url", 400, false},
    {ERR_SIGNATURE_MISSING, "signature-missing", 401, false},
    {ERR_SIGNATURE_SYNTAX, "signature-syntax", 401, false},
    {ERR_SIGNATURE_COVERAGE, "signature-coverage", 401, false},
    {ERR_SIGNATURE_WINDOW, "signature-window", 401, false},
    {ERR_SIGNATURE_DIGEST, "signature-digest", 401, false},
    {ERR_SIGNATURE_INVALID, "signature-invalid", 401, false},
    {ERR_SIGNATURE_ALGORITHM, "signature-algorithm", 401, false},
    {ERR_KEY_ID, "key-id", 401, false},
    {ERR_KEY_FETCH, "key-fetch", 401, false},
    {ERR_KEY_DOCUMENT, "key-document", 401, false},
    {ERR_KEY_REFUSED, "key-refused", 401, false},
    {ERR_KEY_UNREACHABLE, "key-unreachable", 503, true},
    {ERR_ACTOR_NOT_SIGNER, "actor-not-signer", 401, false},
    {ERR_TOKEN, "token", 401, false},
    {ERR_ORIGIN, "origin", 403, false},
    {ERR_OBJECT_UNREACHABLE, "object-unreachable", 503, true},
    {ERR_OBJECT_FETCH, "object-fetch", 403, false},
    {ERR_OBJECT_DOCUMENT, "object-document", 403, false},
    {ERR_OBJECT_GONE, "object-gone", 0, false},
    {ERR_NO_ZONE, "no-zone", 403, false},
    {ERR_NOT_INVITED, "not-invited", 403, false},
    {ERR_NOT_MEMBER, "not-member", 403, false},
    {ERR_PENDING, "pending", 403, false},
    {ERR_SUSPENDED, "suspended", 403, false},
    {ERR_EXPIRED, "expired", 403, false},
    {ERR_RECEIVE_ONLY, "receive-only", 403, false},
    {ERR_REMOVED, "removed", 403, false},
    {ERR_INBOX_GONE, "inbox-gone", 0, false},
    {ERR_INBOX_LOST, "inbox-lost", 0, false},
    {ERR_NOT_OWNER, "not-owner", 403, false},
    {ERR_INBOX_FOREIGN, "inbox-foreign", 403, false},
    {ERR_FOLLOWERS, "followers", 403, false},
    {ERR_SELF, "self", 403, false},
    {ERR_ID_REUSED, "id-reused", 409, false},
    {ERR_NO_RULE, "no-rule", 403, false},
    {ERR_RULE_DENIES, "rule-denies", 403, false},
    {ERR_CONSENT_MISSING, "consent-missing", 403, false},
    {ERR_OPTED_OUT, "opted-out", 403, false},
    {ERR_NOT_PUBLIC, "not-public", 0, false},
    {ERR_NOT_RELAYED, "not-relayed", 0, false},
    {ERR_DUPLICATE, "duplicate", 0, false},
    {ERR_STALE, "stale", 0, false},
    {ERR_RULE_HOLDS, "rule-holds", 0, false},
    {ERR_FROZEN, "frozen", 0, false},
    {ERR_HOLD_FULL, "hold-full", 503, true},
    {ERR_HOLD_CHANGED, "hold-changed", 409, false},
    {ERR_RULE_DROPS, "rule-drops", 0, false},
    {ERR_CONSENT_CHANGED, "consent-changed", 0, false},
    {ERR_NO_AUDIENCE, "no-audience", 0, false},
    {ERR_NO_FORM, "no-form", 0, false},
    {ERR_BODY_GONE, "body-gone", 0, false},
    {ERR_RECALLED, "recalled", 0, false},
    {ERR_REPLACED, "replaced", 0, false},
    {ERR_NO_RIGHT, "no-right", 0, false},
    {ERR_TOO_OLD, "too-old", 0, false},
    {ERR_REFUSED_BY_PEER, "refused-by-peer", 0, false},
    {ERR_GAP, "gap", 0, false},
    {ERR_DROPPED, "dropped", 0, false},
    {ERR_USAGE, "usage", 400, false},
    {ERR_REASON_MISSING, "reason-missing", 422, false},
    {ERR_TRANSITION, "transition", 409, false},
    {ERR_NO_SUCH_MEMBER, "no-such-member", 404, false},
    {ERR_NO_SUCH_PILOT, "no-such-pilot", 404, false},
    {ERR_IN_THE_FILE, "in-the-file", 409, false},
    {ERR_NO_SUCH_LETTER, "no-such-letter", 404, false},
    {ERR_PROPOSALS, "proposals", 409, false},
    {ERR_NOT_FROZEN, "not-frozen", 404, false},
    {ERR_FREEZES, "freezes", 409, false},
    {ERR_NOT_KNOWN, "not-known", 404, false},
    {ERR_NOT_KEPT, "not-kept", 409, false},
    {ERR_UNREADABLE, "unreadable", 503, true},
    {ERR_ORDERED, "ordered", 409, false},
    {ERR_CONNECT, "connect", 0, true},
    {ERR_RESOLVE, "resolve", 0, true},
    {ERR_TLS, "tls", 0, true},
    {ERR_CERTIFICATE, "certificate", 0, true},
    {ERR_NO_ROUTE, "no-route", 0, true},
    {ERR_ADDRESS, "address", 403, false},
    {ERR_PROTOCOL, "protocol", 0, true},
    {ERR_REDIS, "redis", 503, true},
    {ERR_REDIS_REPLY, "redis-reply", 503, true},
    {ERR_AGAIN, "again", 503, true},
    {ERR_FENCED, "fenced", 0, false},
    {ERR_FILE, "file", 0, false},
    {ERR_CANCELLED, "cancelled", 0, false},
    {ERR_INTERNAL, "internal", 500, true},
};

static void every_code(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof *rows, ERR_COUNT);
    for (size_t i = 0; i < ERR_COUNT; i++) {
        assert_int_equal(rows[i].e, i);
        assert_string_equal(err_code(rows[i].e), rows[i].code);
        if (err_status(rows[i].e) != rows[i].status || err_later(rows[i].e) != rows[i].later)
            fail_msg("%s: status %d, later %d", rows[i].code, err_status(rows[i].e),
                     err_later(rows[i].e));
        assert_int_equal(err_by_code(span_of(rows[i].code)), rows[i].e);
    }
}

/* A label of metrics, a word in the log: lower case, digits and single dashes. */
static void codes_are_kebab_case(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const char *code = err_code((enum err)e);
        size_t n = strlen(code);
        bool ok = n >= 2 && n <= 32 && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
                  code[0] != '-' && code[n - 1] != '-' && !strstr(code, "--");
        if (!ok)
            fail_msg("'%s'", code);
    }
}

static void codes_are_unique(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_COUNT; a++)
        for (int b = a + 1; b < ERR_COUNT; b++)
            if (strcmp(err_code((enum err)a), err_code((enum err)b)) == 0)
                fail_msg("'%s' twice", err_code((enum err)a));
}

/* Senders give up on a 4xx and try a 5xx again, so `later` and the status must say the same; 408
 * and 429 are the two that every sender repeats. */
static void status_agrees_with_later(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        int status = err_status((enum err)e);
        bool again = status == 408 || status == 429 || (status >= 500 && status != 501);
        if (status != 0 && again != err_later((enum err)e))
            fail_msg("'%s': %d", err_code((enum err)e), status);
        assert_true(status == 0 || (status >= 400 && status <= 599 && status != 410));
        assert_true(strlen(err_title((enum err)e)) >= 5);
    }
}

static void unknown_codes(void **state)
{
    static const char *const codes[] = {"", "o", "okay", "OK", "no_zone", "no-zone ", "NO-ZONE"};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(err_by_code(span_of(codes[i])), ERR_COUNT);
    assert_int_equal(err_by_code(SPAN_NONE), ERR_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code),       cmocka_unit_test(codes_are_kebab_case),
        cmocka_unit_test(codes_are_unique), cmocka_unit_test(status_agrees_with_later),
        cmocka_unit_test(unknown_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
