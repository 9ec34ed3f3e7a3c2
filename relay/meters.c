/* meters: the table of metrics, with its label values.
 * May not know: who counts. */
#include "relay/meters.h"

#include "common/pure/err.h"
#include "relay/rules/hold.h"
#include "relay/rules/member.h"
#include "relay/rules/pilot.h"
#include "relay/store/trouble.h"

static const char *const values_CLASS[] = {"2xx", "3xx", "4xx", "5xx"};
static const char *const values_VERDICT[] = {"delivered", "later", "never"};
static const char *const values_STATE[] = {"idle",    "ready", "sending", "waiting",
                                           "reading", "held",  "frozen"};
static const char *const values_TRIMMED[] = {"entries", "bodies", "urgent", "objects"};
static const char *const values_VERSION[] = {WEIR_VERSION};
static const char *const values_CODE[] = {
#define X(name, code, status, later, title) code,
    ERR_TABLE(X)
#undef X
};
static const char *const values_ROLE[] = {
#define X(name, text) text,
    ROLES_TABLE(X)
#undef X
        "all"};
static const char *const values_TROUBLE[] = {
#define X(name, text, begins, help) text,
    TROUBLE_TABLE(X)
#undef X
};
static const char *const values_MEMBER[] = {
#define X(name, text) text,
    MEMBER_STATES(X)
#undef X
};

static const char *const values_HOLD[] = {
#define X(name, text) text,
    HOLD_CLOSED_STATES(X)
#undef X
};
static const char *const values_WITHIN[] = {
#define X(name, text, days) text,
    PILOT_STAGES(X)
#undef X
};

#define LABEL_NONE     NULL, NULL, 0
#define LABEL(name, v) name, v, sizeof(v) / sizeof(*(v))
#define LABEL_CLASS    LABEL("class", values_CLASS)
#define LABEL_VERDICT  LABEL("verdict", values_VERDICT)
#define LABEL_STATE    LABEL("state", values_STATE)
#define LABEL_VERSION  LABEL("version", values_VERSION)
#define LABEL_CODE     LABEL("code", values_CODE)
#define LABEL_ROLE     LABEL("role", values_ROLE)
#define LABEL_TROUBLE  LABEL("state", values_TROUBLE)
#define LABEL_TRIMMED  LABEL("what", values_TRIMMED)
#define LABEL_MEMBER   LABEL("state", values_MEMBER)
#define LABEL_HOLD     LABEL("state", values_HOLD)
#define LABEL_WITHIN   LABEL("within", values_WITHIN)

static const struct metric_def table[METER_COUNT] = {
#define X(name, text, kind, label, help)                                                           \
    [METER_##name] = {text, help, METRIC_##kind, LABEL_##label},
    METERS_TABLE(X)
#undef X
};

const struct metric_def *meters_table(void)
{
    return table;
}

void meter_answer(int status)
{
    size_t class = status < 300   ? METER_CLASS_2XX
                   : status < 400 ? METER_CLASS_3XX
                   : status < 500 ? METER_CLASS_4XX
                                  : METER_CLASS_5XX;
    metric_add(METER_HTTP_REQUESTS, class, 1);
}
