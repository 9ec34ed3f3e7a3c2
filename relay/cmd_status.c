/* cmd_status: `weir status`, and `--watch`: drawn anew each second on a terminal, a line a second
 * elsewhere. Ends with the first call that fails, later ones are only told: a relay that restarts
 * comes back.
 * May not know: where the figures come from. */
#include "relay/cmd_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/pure/date.h"
#include "relay/args.h"
#include "relay/ask.h"

static const struct json_limits limits = {16, 10000, 20000};

/* What is counted from the start on; the difference of two is a rate. */
struct reading {
    bool there;
    int64_t time_ms, accepted, delivered;
};

struct rates {
    bool known;
    double accepted, delivered; /* per second */
};

static int64_t number(const struct json *json, const char *name)
{
    int64_t n = 0;
    json_int(json_get(json, name), &n);
    return n;
}

static struct reading reading_of(const struct json *json)
{
    return (struct reading){true, number(json, "time"), number(json, "accepted"),
                            number(json, "delivered")};
}

/* Counters of a relay that was started anew begin at zero: then nothing is known for a second. */
static struct rates rates_of(const struct reading *before, const struct reading *now)
{
    int64_t ms = now->time_ms - before->time_ms;
    if (!before->there || ms <= 0 || now->accepted < before->accepted ||
        now->delivered < before->delivered)
        return (struct rates){0};
    return (struct rates){true, (double)(now->accepted - before->accepted) * 1000 / (double)ms,
                          (double)(now->delivered - before->delivered) * 1000 / (double)ms};
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_counts(const char *title, const struct json *counts, const char *const *names,
                         size_t n)
{
    bool any = false;
    printf("%-12s", title);
    for (size_t i = 0; i < n; i++) {
        int64_t count = number(counts, names[i]);
        if (count)
            printf("%s%" PRId64 " %s", any ? ", " : " ", count, names[i]);
        any = any || count;
    }
    printf("%s\n", any ? "" : " none");
}

static void print_lag(const struct json *json)
{
    int64_t lag = number(json, "lag");
    if (lag)
        printf("%-12s %" PRId64 " %s, %" PRId64 " s\n", "lag", lag, lag == 1 ? "entry" : "entries",
               number(json, "lag_s"));
    else
        printf("%-12s none\n", "lag");
}

static void print_text(const struct json *json, const char *name)
{
    printf("%-12s %.*s\n", name, SPAN_ARG(json_text(json_get(json, name))));
}

/* What a 202 promises. */
static void print_promise(const struct json *json)
{
    int64_t asked = number(json, "replicas");
    int64_t follow = -1;
    bool known = json_int(json_get(json, "replicasFollow"), &follow);
    struct span failover = json_text(json_get(json, "failover"));
    printf("%-12s %.*s: %.*s\n", "durability", SPAN_ARG(json_text(json_get(json, "durability"))),
           SPAN_ARG(json_text(json_get(json, "powerCut"))));
    if (!failover.n)
        return;
    printf("%-12s %" PRId64 " asked for", "replicas", asked);
    if (known)
        printf(", %" PRId64 " %s now", follow, follow == 1 ? "follows" : "follow");
    printf(": %.*s\n", SPAN_ARG(failover));
}

/* By machine; its tag is for programs. */
static void print_couriers(const struct json *json)
{
    const struct json *list = json_get(json, "couriers");
    int64_t nobodys = number(json, "shardsFree");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *machine = json_at(list, i);
        struct span name = json_text(json_get(machine, "machine"));
        size_t host = name.n;
        while (host && name.p[host - 1] != '.')
            host--;
        printf("%-12s %.*s: %" PRId64 ", with %" PRId64 " shards\n", i ? "" : "couriers",
               (int)(host ? host - 1 : name.n), name.p, number(machine, "couriers"),
               number(machine, "shards"));
    }
    if (list && !json_len(list))
        printf("%-12s none\n", "couriers");
    if (nobodys)
        printf("%-12s %" PRId64 " have no courier now\n", "shards", nobodys);
}

static void print_freezes(const struct json *list)
{
    for (size_t i = 0; i < json_len(list); i++) {
        struct span until = ask_text(json_at(list, i), "until");
        printf("%-12s ", i ? "" : "frozen");
        ask_print_text(ask_text(json_at(list, i), "boundary"));
        if (until.n)
            printf(", until %.*s", SPAN_ARG(until));
        putchar('\n');
    }
}

static void print_status(const struct json *json)
{
    static const char *const states[] = {"active",  "invited", "pending", "suspended",
                                         "expired", "left",    "removed"};
    static const char *const doing[] = {"idle",    "sending", "ready", "waiting",
                                        "reading", "held",    "frozen"};
    print_text(json, "version");
    print_text(json, "url");
    printf("%-12s %s\n", "ready", json_flag(json_get(json, "ready"), false) ? "yes" : "no");
    print_promise(json);
    print_couriers(json);
    print_counts("members", json_get(json, "members"), states, sizeof(states) / sizeof(*states));
    print_counts("destinations", json_get(json, "destinations"), doing,
                 sizeof(doing) / sizeof(*doing));
    printf("%-12s %" PRId64 "\n", "position", number(json, "position"));
    print_lag(json);
    print_freezes(json_get(json, "freezes"));
    if (number(json, "holds"))
        printf("%-12s %" PRId64 " wait for a person: weir hold list\n", "holds",
               number(json, "holds"));
    if (number(json, "parked"))
        printf("%-12s %" PRId64 "\n", "parked", number(json, "parked"));
    if (number(json, "onHold"))
        printf("%-12s %" PRId64 "\n", "on hold", number(json, "onHold"));
    if (json_flag(json_get(json, "suspectsItself"), false))
        printf("%-12s most hosts can't be reached: the fault is likely on this side\n", "network");
    printf("%-12s %" PRId64 "\n", "direct mail", number(json, "direct"));
    printf("%-12s %" PRId64 "\n", "set aside", number(json, "aside"));
    printf("%-12s %" PRId64 "\n", "dead", number(json, "dead"));
    printf("%-12s %" PRId64 "\n", "accepted", number(json, "accepted"));
    printf("%-12s %" PRId64 "\n", "delivered", number(json, "delivered"));
}

static void print_rates(const struct rates *r)
{
    if (r->known)
        printf("%-12s %.0f accepted, %.0f delivered\n", "per second", r->accepted, r->delivered);
}

static void print_line(const struct json *json, const struct rates *r)
{
    char time[DATE_ISO_SIZE];
    date_iso_write(number(json, "time"), time);
    printf("%s %s, members %" PRId64 " active, lag %" PRId64 " entries %" PRId64 " s", time,
           json_flag(json_get(json, "ready"), false) ? "ready" : "not ready",
           number(json_get(json, "members"), "active"), number(json, "lag"), number(json, "lag_s"));
    if (r->known)
        printf(", accepted %.0f/s, delivered %.0f/s", r->accepted, r->delivered);
    printf(", waiting %" PRId64 ", set aside %" PRId64 ", dead %" PRId64 "\n",
           number(json_get(json, "destinations"), "waiting"), number(json, "aside"),
           number(json, "dead"));
}

/* --- from second to second -------------------------------------------------------------------- */

/* One JSON object a line: what the relay said, and the rates. */
static void print_json(const struct bytes *answer, const struct rates *r)
{
    struct bytes out;
    struct json_writer w;
    bytes_init(&out, ASK_ANSWER_MAX);
    json_begin(&w, &out);
    json_open(&w, '{');
    if (r->known) {
        json_member_int(&w, "accepted_per_s", (int64_t)(r->accepted + 0.5));
        json_member_int(&w, "delivered_per_s", (int64_t)(r->delivered + 0.5));
    }
    json_key(&w, "status");
    json_add_raw(&w, bytes_span(answer));
    json_close(&w, '}');
    printf("%s\n", bytes_str(&out));
    bytes_fini(&out);
}

static void show(const struct bytes *answer, bool as_json, struct reading *last)
{
    struct json *json = NULL;
    if (json_read(bytes_span(answer), &limits, &json) != ERR_OK)
        return;
    struct reading now = reading_of(json);
    struct rates rates = rates_of(last, &now);
    *last = now;
    if (as_json) {
        print_json(answer, &rates);
    } else if (isatty(STDOUT_FILENO)) {
        printf("\033[H\033[J"); /* home, and clear what follows */
        print_status(json);
        print_rates(&rates);
    } else {
        print_line(json, &rates);
    }
    json_free(&json);
}

/* Until it is interrupted, or nobody reads any more. */
static int watch(const char *file, bool as_json)
{
    struct reading last = {0};
    for (bool first = true;; first = false) {
        struct bytes answer;
        bytes_init(&answer, ASK_ANSWER_MAX);
        int code = ask_relay(file, "GET", "/api/v1/status", SPAN_NONE, &answer);
        if (code == 0)
            show(&answer, as_json, &last);
        bytes_fini(&answer);
        if (code && first)
            return code;
        if (fflush(stdout) != 0)
            return 0;
        sleep(1);
    }
}

int cmd_status(int argc, char **argv)
{
    const char *file = NULL;
    bool as_json = false;
    bool watches = false;
    struct bytes answer;
    const struct arg items[] = {
        {"-c", &file, NULL}, {"--json", NULL, &as_json}, {"--watch", NULL, &watches}};
    const struct args args = {items, 3, "", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return ask_usage("status");
    if (watches)
        return watch(file, as_json);
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(file, "GET", "/api/v1/status", SPAN_NONE, &answer);
    code = ask_report(code, &answer, as_json, print_status);
    bytes_fini(&answer);
    return code;
}
