/* facts_rig: an activity and what is around it as text, and its facts as text. */
#pragma once

#include "relay/rules/facts.h"
#include "tests/unit/rules/activity_rig.h"

/* Zones of the tests: internal is *.corp.example, partners *.acme.example. */
static inline const char *rig_zone(void *arg, struct span host)
{
    (void)arg;
    if (span_ends(host, SPAN(".corp.example")))
        return "internal";
    return span_ends(host, SPAN(".acme.example")) ? "partners" : NULL;
}

static struct activity rig_activity;
static struct facts rig_facts;
static const struct facts_context rig_context = {.zone_of = rig_zone};

/* Reads it; to be ended by rig_end(). */
static inline struct facts *rig_read(const char *text, const struct facts_context *context)
{
    enum err e = read_text(text, &rig_activity);
    if (e != ERR_OK)
        fail_msg("%s: %s", err_code(e), text);
    facts_init(&rig_facts, &rig_activity, context);
    return &rig_facts;
}

static inline void rig_end(void)
{
    facts_fini(&rig_facts);
    json_free(&tree);
}

/* One fact as facts_show() has it. */
static inline void rig_expect(const char *text, const struct facts_context *context, enum fact fact,
                              const char *wanted)
{
    struct bytes shown;
    bytes_init(&shown, 4096);
    facts_show(rig_read(text, context), fact, &shown);
    if (strcmp(bytes_str(&shown), wanted) != 0)
        fail_msg("%s: '%s', wanted '%s' of %s", fact_row(fact)->name, bytes_str(&shown), wanted,
                 text);
    bytes_fini(&shown);
    rig_end();
}

#define WRAP(members)                                                                              \
    "{\"id\":\"https://blog.corp.example/1\",\"actor\":\"https://blog.corp.example/u/jo\",\"to\":" \
    "\"as:Public\",\"type\":\"Create\",\"object\":{\"id\":\"https://blog.corp.example/"            \
    "n\"," members "}}"
