/* proposal: its record, and what confirming it means.
 * May not know: who confirms. */
#include "relay/rules/proposal.h"

#include "common/pure/json.h"

static const char *const kinds[] = {
#define X(name, text) text,
    PROPOSAL_KINDS(X)
#undef X
};

const char *proposal_kind_name(enum proposal_kind kind)
{
    return kinds[kind];
}

enum proposal_kind proposal_kind_by_name(struct span name)
{
    return (enum proposal_kind)span_among(name, kinds, PROPOSAL_KIND_COUNT);
}

void proposal_write(const struct proposal *p, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "as", span_of(proposal_kind_name(p->kind)));
    json_member(&w, "zone", span_of(p->zone));
    json_member(&w, "source", span_of(p->source));
    json_member_int(&w, "at", p->at_ms);
    json_close(&w, '}');
}

bool proposal_read(struct span host, struct span text, struct proposal *ret)
{
    static const struct json_limits limits = {2, 8, 16};
    struct json *json = NULL;
    *ret = (struct proposal){.kind = PROPOSAL_KIND_COUNT};
    bool ok = json_read(text, &limits, &json) == ERR_OK;
    if (ok) {
        ret->kind = proposal_kind_by_name(json_text(json_get(json, "as")));
        ok = ret->kind < PROPOSAL_KIND_COUNT && host.n &&
             span_copy(host, ret->host, sizeof(ret->host)) &&
             span_copy(json_text(json_get(json, "zone")), ret->zone, sizeof(ret->zone)) &&
             span_copy(json_text(json_get(json, "source")), ret->source, sizeof(ret->source)) &&
             json_int(json_get(json, "at"), &ret->at_ms);
    }
    json_free(&json);
    return ok;
}

enum proposal_step proposal_step(const struct proposal *p, const struct member *member,
                                 bool by_name)
{
    if (p->kind == PROPOSAL_BLOCK)
        return member && member->state == MEMBER_REMOVED ? PROPOSAL_SETTLED : PROPOSAL_BLOCKS;
    if (!member || member->state == MEMBER_LEFT)
        return PROPOSAL_INVITES;
    if (member->state == MEMBER_REMOVED || member->state == MEMBER_EXPIRED)
        return by_name ? PROPOSAL_INVITES : PROPOSAL_WAITS;
    return PROPOSAL_SETTLED;
}
