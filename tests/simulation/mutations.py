"""What is broken on purpose, one thing at a time: a file, its exact text, and what stands there
instead. `rare`: within 10,000 seeds; `at`: one of them that finds it; `harmless`: must not be
found."""

COMMIT = "tests/simulation/db_commit.c"
COURIERS = "tests/simulation/db_couriers.c"
FRONTS = "tests/simulation/db_fronts.c"
OBJECTS = "tests/simulation/db_objects.c"
MEMORY = "tests/simulation/db_memory.c"
WALK = "tests/simulation/courier_walk.c"
TAIL = "tests/simulation/courier_tail.c"
SHELL_AWAY = "tests/simulation/courier_away.c"
WORDS = "tests/simulation/courier_commit.c"
PEOPLE = "tests/simulation/people.c"
RULES = "relay/rules/"

# What several of them replace.
WAITS_TO_BE_DURABLE = "    if (must_wait(w, call) && call->needs > db->undo_first)"
CUT_RECORDED = "    if (from < to)\n        record(s, d, &cut);"
WORD_ADDED = "        struct commit_word *word = &commit->list[commit->n++];"
OF_THE_EPOCH = ("    if (call->epoch != w->db.epoch) {", "    if (false) {")
OF_THE_OWNER = ("        if (row->owner != call->nonce) {", "        if (false) {")


def unless_durable(but):
    """Answers before that is durable, in this case."""
    return f"{WAITS_TO_BE_DURABLE[:-1]} &&\n        {but})"


def without(kind):
    """Changes of this kind are left out of commits."""
    return f"        if (change->kind == {kind})\n            continue;\n{WORD_ADDED}"


MUTATIONS = [
    # --- the issue's own list ---------------------------------------------------------------------
    dict(name="commit-before-answer", what="what is sent is settled before it is answered",
         file=WALK,
         old="""    if (has_form(w, f)) {
        send_flight(w, f);
        return;
    }
    struct judgement never = {.verdict = VERDICT_NEVER, .why = ERR_BODY_GONE};
    struct attempt back = f->attempt;
    f->attempt.entry = NULL;
    oracle_answered(w, f, &never);""",
         new="""    if (has_form(w, f))
        send_flight(w, f);
    struct judgement never = {.verdict = VERDICT_DELIVERED};
    struct attempt back = f->attempt;
    f->attempt.entry = NULL;"""),
    dict(name="fence-ignored", what="a courier commits shards that another owns, and claims them",
         rare=True, at=864, file=COURIERS,
         old="if (row->owner && row->owner != call->nonce && row_of(w, row->owner)) {",
         new="if (false) {"),
    dict(name="aside-forgotten", what="what was set aside is not written down",
         file=RULES + "cursor.c",
         old="""    for (size_t i = 0; i < c->aside_n; i++) {
        const struct cursor_aside *a = &c->aside[i];
        char kind""",
         new="""    for (size_t i = 0; i < 0 * c->aside_n; i++) {
        const struct cursor_aside *a = &c->aside[i];
        char kind"""),
    dict(name="cursor-one-too-far", what="a shard's cursor is loaded one too high",
         file=COURIERS, old="    call->low = row->low;",
         new="    call->low = row->low + (row->low < w->db.last);"),
    dict(name="lease-kept", what="attempts start whenever the last renewal was (no_selfstop)",
         file=RULES + "lease.c", old="    return since_ms <= lease_ms / 2;",
         new="    return since_ms <= lease_ms * 1000;"),
    dict(name="retry-after-ignored", what="Retry-After is not heeded",
         file=RULES + "judge.c",
         old="    if (wait < 1000)\n        wait = 1000;\n", new="    wait = 0 * most_ms;\n"),
    dict(name="retry-clock-lost", what="how long a host has to be left alone is not written down",
         file=RULES + "health.c", old='        bytes_addf(out, " w%" PRId64, h->wake_ms);',
         new="        (void)0;"),
    dict(name="join-one-late", what="a member's right begins one entry late",
         file=RULES + "member.c", old="(struct member_span){.from = n, .to = MEMBER_SPAN_OPEN};",
         new="(struct member_span){.from = n + 1, .to = MEMBER_SPAN_OPEN};"),
    dict(name="leave-one-late", what="a member's right ends one entry late",
         file=RULES + "member.c", old="        last->to = n;\n", new="        last->to = n + 1;\n"),
    dict(name="audience-again", what="the audience is decided again at delivery, by the zone of today "
         "(member_now)",
         file=RULES + "schedule_dest.c",
         old="member_spans_entitle(d->spans, d->spans_n, e->n, e->audience)",
         new="audience_has(e->audience, d->zone)"),
    dict(name="window-unbounded", what="as many attempts at a host as there is to send",
         file=RULES + "schedule_attempt.c", old="    if (d->flights_n >= dest_window(s, d))",
         new="    if (false)"),
    dict(name="body-too-soon", what="bodies are trimmed long before their time", file=PEOPLE,
         old="w->plan.bodies_ms));", new="w->plan.bodies_ms / 8));"),
    # --- the variants of ENGINE 1 -----------------------------------------------------------------
    dict(name="shard-alone", what="the shard's cursor is written, own cursors are not (S_separately)",
         file=COMMIT,
         old="    case CHANGE_CURSOR: put_own(w, word->host, mem_copy(span_of(word->text))); break;",
         new="""    case CHANGE_CURSOR:
        if (draw(w, 2))
            put_own(w, word->host, mem_copy(span_of(word->text)));
        break;"""),
    dict(name="no-sequence", what="commits are taken in any order (noseq)", rare=True, file=COMMIT,
         old="        if (row->seq + 1 != word->seq) {", new="        if (false) {"),
    dict(name="no-epoch", what="a Redis that lost its newest writes goes on in the same epoch, so "
         "numbers and what couriers know survive that (noepoch)", file=COURIERS,
         old="    if (db->hello_run != db->run || db->epoch < known) {",
         new="    PUT(w, db->hello_run, db->run);\n    if (!db->epoch || db->epoch < known) {"),
    dict(name="no-control", what="changes of members are not told (noctl)", file=TAIL,
         old="        if (member_read(span_of(line->member), w->member))",
         new="        if (false)"),
    dict(name="no-tombstone", what="what is older than what is known is taken (notomb)", file=FRONTS,
         old="    if (!announce && o->known && act->stamp_ms > 0 &&\n"
             "        (act->stamp_ms < o->top || act->stamp_ms <= o->dead))",
         new="    if (false)"),
    dict(name="seen-delete", what="a Delete is known by its id (seen_delete)", file=FRONTS,
         old="    if (o->known && !o->live && (a->act->recall || !o->recalled))",
         new="    if (o->known && (!o->live || o->dead) && (a->act->recall || !o->recalled))"),
    dict(name="duplicate-unsafe", what="a duplicate is answered before it is durable (dup_nowait)",
         file=MEMORY, old=WAITS_TO_BE_DURABLE,
         new=unless_durable('strcmp(call->answer, "DUP") != 0')),
    dict(name="change-unsafe", what="a suspension is confirmed before it is durable (suspend_nowait)",
         file=MEMORY, old=WAITS_TO_BE_DURABLE, new=unless_durable("call->exec != db_control")),
    dict(name="append-unsafe", what="202 before it is durable", file=MEMORY,
         old=WAITS_TO_BE_DURABLE, new=unless_durable("call->exec != db_append")),
    dict(name="fence-and-sequence", what="neither owner nor sequence is looked at (nofence)",
         rare=True, file=COMMIT, old=OF_THE_OWNER[0], new=OF_THE_OWNER[1],
         also=[("        if (row->seq + 1 != word->seq) {", "        if (false) {")]),
    dict(name="fence-not-sequence", what="the owner is not looked at, but the sequence is: that works "
         "as a fence by itself (nofence, with sequence)", harmless=True, file=COMMIT,
         old=OF_THE_OWNER[0], new=OF_THE_OWNER[1]),
    dict(name="first-unchecked", what="a courier that was frozen starts one before it looks "
         "(no_wakecheck)", rare=True, file=WALK,
         old="    c->starved = !courier_may_start(w, c);\n    if (c->starved)\n",
         new="    c->starved = !courier_may_start(w, c);\n    if (c->starved && !c->told &&\n"
             "        schedule_next(c->schedule, courier_now(w, c), &attempt))\n"
             "        start(w, c, &attempt);\n    if (c->starved)\n"),
    dict(name="replay-direct", what="a replay is written by another than the owner (replay_direct)",
         file=FRONTS, old="    line->order = call->order;\n    line->of = call->of;\n"
         "    oracle_host_ordered",
         new="    line->order = call->order == ORDER_REPLAY ? ORDER_WAKE : call->order;\n"
             "    line->of = call->of;\n    oracle_host_ordered"),
    dict(name="replay-unlogged", what="a cursor goes back in memory first (replay_unlogged)",
         file=RULES + "schedule_orders.c", old="    d->back = s->deltas + 1;",
         new="    d->back = 0;"),
    dict(name="replay-all", what="a replay leaves out nothing that was refused for good",
         rare=True, file=RULES + "mark.c",
         old="            bool here = mark->left_out >> place->slot & 1 &&",
         new="            bool here = false && mark->left_out >> place->slot & 1 &&"),
    dict(name="replay-undrained", what="a cursor goes back with attempts under way (replay_nodrain)",
         rare=True, file=RULES + "schedule_orders.c", old="    if (!c->replay || flies(d))",
         new="    if (!c->replay || (false && flies(d)))"),
    dict(name="ledger-by-cursor", what="whatever a cursor has passed is said to be delivered "
         "(ledger_cursor_only)", file=COMMIT,
         old="    return act->n <= passed && !recorded;", new="    (void)recorded;\n    return act->n <= passed;"),
    # --- lanes and marks --------------------------------------------------------------------------
    dict(name="delete-cancels-nothing", what="what is taken back goes out all the same",
         file=RULES + "mark.c", old="bool for_all = mark->recalled || mark->opted_out;",
         new="bool for_all = mark->opted_out;"),
    dict(name="cancel-both", what="a Delete and what waits of its object annihilate (cancel_both)",
         file=RULES + "schedule_urgent.c", old="    if (under_way(d, e))\n        return STEP_ON;",
         new="    if (e->of_n && e->of[e->of_n - 1] > d->cursor.low && !d->flights) {\n"
             "        urgent_pass(d, e->n);\n        return STEP_GONE;\n    }\n"
             "    if (under_way(d, e))\n        return STEP_ON;"),
    dict(name="one-lane", what="what takes back waits behind everything else (onelane)",
         file=FRONTS, old="act_takes_back(act) ? LANE_URGENT : LANE_NORMAL",
         new="LANE_NORMAL"),
    dict(name="urgent-last", what="what takes back is asked for last", file=RULES + "schedule_attempt.c",
         old="    if (step == STEP_ON)\n        step = next_urgent(s, d, t);",
         new="    if (step == STEP_ON && d->cursor.low >= s->position)\n"
             "        step = next_urgent(s, d, t);"),
    dict(name="delete-beside", what="a Delete does not wait for an attempt at its object",
         file=RULES + "schedule_urgent.c", old="    if (under_way(d, e))\n        return STEP_ON;",
         new=""),
    dict(name="create-beside", what="what is made again does not wait for its Delete",
         file=RULES + "schedule_ahead.c",
         old="    if (urgent_holds(s, d, e->n, d->due[i].object))\n        return STEP_ON;", new=""),
    dict(name="supersede-blind", what="a newer Update always replaces (supersede_blind)",
         file=RULES + "mark.c",
         old="           member_spans_entitle(place->spans, place->spans_n, mark->by, mark->audience);",
         new="           place->spans;"),
    dict(name="replaces-create", what="an Update replaces a Create, too", file=OBJECTS,
         old="    return earlier->kind == 'u' && later->kind == 'u' && earlier->proof == later->proof &&",
         new="    return later->kind == 'u' &&"),
    dict(name="mark-last", what="a mark keeps the newest Update alone (mark_last)", rare=True,
         file=OBJECTS,
         old="        bytes_addf(&text, \"%s%ss%\" PRIu64 \":%d:%u\", line->marks ? line->marks : \"\",\n"
             "                   line->marks ? \";\" : \"\", by, update->proof, update->zones);",
         new="        bytes_addf(&text, \"s%\" PRIu64 \":%d:%u\", by, update->proof, update->zones);"),
    dict(name="mark-early", what="a mark counts before what put it there was read", rare=True, at=6789,
         file=RULES + "mark.c", old=" || mark->by > place->position)", new=")"),
    dict(name="marks-unread", what="pages come without what was marked on them", file=COURIERS,
         old="line_entry(w, call->lines[i], true);", new="line_entry(w, call->lines[i], false);"),
    dict(name="marks-untold", what="what is in memory is not marked", file=RULES + "schedule_window.c",
         old="    for (size_t i = 0; i < later->of_n; i++) {", new="    for (size_t i = 0; i < 0; i++) {"),
    dict(name="skip-of-mark-unrecorded", what="what a mark passes over is not recorded",
         file=RULES + "schedule_urgent.c",
         old="{.kind = CHANGE_SKIP, .to = n, .slot = slot, .why = why};\n    record(s, d, &change);",
         new="{.kind = CHANGE_SKIP, .to = n, .slot = slot, .why = why};\n    (void)s, (void)d, (void)change;"),
    dict(name="farewell-none", what="who left is not told what is taken back",
         file=RULES + "schedule_member.c",
         old="    d->left_ms = m->state == MEMBER_LEFT && m->farewell.url[0] ? m->since_ms : 0;",
         new="    d->left_ms = 0;"),
    dict(name="taker-by-zone", what="a Delete goes to who may have it now, not to who had the post",
         file=RULES + "mark.c", old="    for (size_t i = 0; i < taker->of_n && !concerns; i++)",
         new="    for (size_t i = 0; i < 0; i++)"),
    dict(name="taker-by-today", what="a Delete goes where the zone of today allows",
         file=RULES + "schedule_dest.c", old="    return e->lane == LANE_URGENT || (",
         new="    return ("),
    dict(name="publisher-hears", what="who only publishes is sent what its zone may have",
         file=RULES + "member_role.c", old='    return member->role == MEMBER_ROLE_PUBLISH_ONLY ? "" : member->zone;',
         new="    return member->zone;"),
    dict(name="actor-stays", what="with an actor goes nothing that it posted", file=RULES + "schedule_window.c",
         old="(later->gone || later->opts_out) && i < w->n; i++) {",
         new="later->opts_out && i < w->n; i++) {"),
    dict(name="urgent-unwritten", what="the shard's place in lane U is not written", file=COMMIT,
         old="        PUT(w, w->db.shards[word->shard].urgent, word->urgent);",
         new="        PUT(w, w->db.shards[word->shard].urgent, w->db.n);"),
    dict(name="announce-by-entry", what="an Announce's id is made of its number (announce_entry_id)",
         rare=True, file=FRONTS, old="act->type != ACTIVITY_UPDATE)\n        a->hash = o->live && o->hash ? o->hash : act->uid + 1;",
         new="act->type != ACTIVITY_UPDATE)\n        a->hash = (unsigned)w->db.n + 2;"),
    dict(name="aside-gone-silent", what="what was set aside and has left the journal is not recorded (trim_noheld)",
         rare=True, at=595, file=RULES + "schedule_aside.c",
         old="    if (!e) {\n        gap(s, d, aside->n, aside->slot);", new="    if (!e) {"),
    dict(name="retry-in-lane-n", what="what was ordered again is taken to be in lane N",
         file=RULES + "schedule_dest.c", old="    bool known = aside->object || aside->lane == LANE_URGENT;",
         new="    bool known = true;"),
    dict(name="urgent-unread", what="after a start, what waits goes before what takes it back was "
         "told", file=RULES + "schedule.c", old="    return s->urgent_first > s->position;",
         new="    return s->urgent_first > s->position && false;"),
    dict(name="unnamed-stays", what="an Update that gave way among too many is not taken back",
         rare=True, at=8969, file=OBJECTS, old="        if (v.list[i].kind == 'd' && v.list[i].n > line->n)",
         new="        if (false)"),
    dict(name="retry-left-out", what="a retry of what a replay leaves out is forgotten", rare=True, at=9154,
         file=RULES + "schedule_aside.c",
         old="    if (comes_in_turn(d, aside) && marked != ERR_REFUSED_BY_PEER) {",
         new="    if (comes_in_turn(d, aside)) {"),
    dict(name="other-inbox-ends", what="what one inbox has while the other is no more is not written "
         "down", rare=True, at=2493, file=RULES + "schedule_urgent.c",
         old="        if (h->done) /* and the others are for it no more */",
         new="        if (false)"),
    # --- around the scheduler ---------------------------------------------------------------------
    dict(name="commit-believed", what="a commit is believed before Redis has it", file=WALK,
         old="    c->unsure = false;\n    c->committing = true;\n    call_send(w, call);",
         new="    c->unsure = false;\n    c->committing = true;\n    call_send(w, call);\n"
             "    schedule_committed(c->schedule, &c->delta);"),
    dict(name="max-cursor", what="the cursor stands at the newest that was acknowledged (max_cursor)",
         file=RULES + "schedule_ahead.c",
         old="    uint64_t low = d->due_n ? d->due[0].n - 1 : d->seen;",
         new="    uint64_t low = d->due_n ? d->due[d->due_n - 1].n - 1 : d->seen;"),
    dict(name="no-order", what="entries of one object go side by side (noorder)",
         file=RULES + "schedule_flight.c",
         old="        if (f->object == object && f->slot == slot)\n            return true;\n    }\n    for",
         new="        if (false)\n            return true;\n    }\n    for"),
    dict(name="refusal-unlogged", what="what follows a refusal does not wait for its record (fail_unlogged)",
         file=RULES + "schedule_flight.c", old="    for (size_t i = 0; i < d->unsaved_n; i++)\n"
         "        if (d->unsaved[i].object == object &&",
         new="    for (size_t i = 0; i < 0 * d->unsaved_n; i++)\n"
             "        if (d->unsaved[i].object == object &&"),
    dict(name="held-unrecorded", what="one failure for now passes the cursor (held_unrecorded)",
         file=RULES + "schedule_ahead.c",
         old="        if (!aside_failed(s, d, o, &part->tried))\n            return true;",
         new="        (void)part;"),
    dict(name="skip-unrecorded", what="a withdrawn right is not recorded (norecord_now)",
         file=RULES + "schedule_attempt.c", old="    record(s, d, &change);\n    unsaved_add",
         new="    if (why != ERR_NO_RIGHT)\n        record(s, d, &change);\n    unsaved_add"),
    dict(name="cut-unrecorded", what="a leave does not record what it cuts (leave_nocut)",
         file=RULES + "schedule_dest.c", old=CUT_RECORDED, new="    (void)s, (void)d, (void)cut;"),
    dict(name="gap-silent", what="what was trimmed is not recorded (trim2, silent)",
         file=RULES + "schedule_dest.c", old=CUT_RECORDED,
         new=CUT_RECORDED.replace("from < to", "from < to && why != ERR_GAP")),
    dict(name="trimmed-aside", what="what was set aside and trimmed is not recorded (trim_noheld)",
         file=RULES + "schedule_dest.c", old="        if (!aside->again) /* whichever",
         new="        if (!aside->again && why != ERR_GAP) /* whichever"),
    dict(name="refusal-unrecorded", what="a refusal is not recorded", file=WORDS, old=WORD_ADDED,
         new=without("CHANGE_FAIL")),
    dict(name="retry-unrecorded", what="what is tried again stays recorded as failed", file=WORDS,
         old=WORD_ADDED, new=without("CHANGE_RETRY")),
    dict(name="monotone-shard", what="a cursor that never goes back, in place of a sequence (monotone_S)",
         rare=True, file=COMMIT, old="        if (row->seq + 1 != word->seq) {",
         new="        if (word->low < row->low) {"),
    dict(name="fence-number-only", what="neither nonce nor epoch is looked at (fence_number_only)",
         rare=True, at=2349, file=COMMIT, old=OF_THE_EPOCH[0], new=OF_THE_EPOCH[1], also=[OF_THE_OWNER]),
    dict(name="memory-survives", what="a courier goes on with what it knows though Redis lost some of it",
         file=COURIERS, old="    if (!known || ended < call->after)\n        return;",
         new="    (void)known;"),
    dict(name="sequences-believed", what="a courier goes on though the sequences say it is behind",
         rare=True, file=SHELL_AWAY, old="    return same && !(written && kept);",
         new="    return same || true || kept;"),
    dict(name="unsafe-awake", what="what was under way when a lease ran out is not taken back",
         rare=True, at=1065, file=RULES + "lease.c", old="    return since_ms <= lease_ms / 10 * 8;",
         new="    return since_ms <= lease_ms * 1000;"),
    dict(name="mail-behind", what="entries go before direct mail was read",
         file=WALK, old=" || c->pumping || !c->mail_read)", new=" || c->pumping)"),
    dict(name="tail-behind", what="what the tail has not told is sent from pages",
         file=RULES + "schedule_window.c", old="    if (to > s->position)\n        to = s->position;",
         new="    if (to > s->position)\n        told(s, to);"),
    dict(name="own-forgotten", what="own cursors are not loaded", file=WALK,
         old="        if (!cursor_read(span_of(call->records[i]), &cursor))",
         new="        if (true || !cursor_read(span_of(call->records[i]), &cursor))"),
    dict(name="cuts-untold", what="a leave does not cut", file=TAIL,
         old="w->member, line->cuts);", new="w->member, false);"),
    dict(name="floor-untold", what="pages do not tell the floor", file=TAIL,
         old="entries, n, call->floor[call->lane]);", new="entries, n, 0);"),
    dict(name="page-too-far", what="a page is said to reach one further than it does", file=TAIL,
         old="    bool whole = call->lines_n == call->count;",
         new="    bool whole = false;"),
    dict(name="letters-lost", what="direct mail is settled without being sent", file=TAIL,
         old="    schedule_direct(c->schedule, &d);",
         new="    if (line->n % 5)\n        schedule_direct(c->schedule, &d);"),
    dict(name="later-is-done", what="a temporary failure is taken for a delivery",
         file=RULES + "judge.c",
         old="        return VERDICT_LATER;\n    if (status >= 500 && status != 501 && status != 505)",
         new="        return VERDICT_DELIVERED;\n    if (status >= 500 && status != 501 && status != 505)"),
    dict(name="lease-of-the-living", what="a courier is buried too early", file=RULES + "lease.c",
         old="watch->still_ms + passed(l, now_ms) < lease_ms)",
         new="watch->still_ms + passed(l, now_ms) < lease_ms / 4)"),
    # --- hosts ------------------------------------------------------------------------------------
    dict(name="trouble-crowded", what="a host in trouble is tried by as many as ever",
         file=RULES + "schedule_attempt.c",
         old="d->behind || d->cursor.health.failures || d->faults || s->flying >= few ?",
         new="s->flying >= few ?"),
    dict(name="date-ignored", what="Retry-After is heeded in seconds only", file=RULES + "judge.c",
         old="    else if (date_http_read(text, &date) &&",
         new="    else if (date_http_read(text, &date) && false &&"),
    dict(name="certificate-hurried", what="a bad certificate is tried again at once",
         file=RULES + "health.c", old="    if (j->why != ERR_CERTIFICATE)\n", new="    if (true)\n"),
    dict(name="never-parked", what="a host that is silent for days is not parked",
         file=RULES + "health.c", old="    if (limits->silent_days &&", new="    if (false &&"),
    dict(name="gone-at-once", what="a membership ends with the first 410", file=RULES + "health.c",
         old="    return limits->gone_days && h->gone >= limits->gone_days;",
         new="    return limits->gone_days;"),
    dict(name="never-gone", what="a membership does not end, whatever is answered for days",
         file=RULES + "health.c",
         old="    return limits->gone_days && h->gone >= limits->gone_days;",
         new="    return limits->gone_days > h->gone + 1000;"),
    dict(name="hold-ignored", what="a host that an operator holds is tried",
         file=RULES + "schedule_orders.c", old="    d->cursor.health.held = held;",
         new="    d->cursor.health.held = held && false;"),
    dict(name="blamed-for-us", what="a fault of ours counts against a host",
         file=RULES + "judge.c", old="    case ERR_NO_ROUTE: j.local = true; break;",
         new="    case ERR_NO_ROUTE: j.host_trouble = true; break;"),
    dict(name="never-suspects", what="an outage of our own counts against all hosts",
         rare=True, file=RULES + "suspect.c", old="    s->on = most || (s->on && failed);",
         new="    s->on = false && most;"),
    dict(name="slow-unbounded", what="slow hosts may take all attempts",
         rare=True, file=RULES + "schedule_share.c", old="    size_t most = part_of(s->limits.in_flight, 1);",
         new="    size_t most = s->limits.in_flight;"),
    # Who goes first, of those who are there and those who catch up, makes no difference in these
    # worlds: too few catch up at once. tests/unit/rules/test_schedule_share.c sees that.
    dict(name="window-endless", what="the tail is kept whole in memory", file=RULES + "schedule.c",
         old="    while (tail->n > s->limits.window)", new="    while (tail->n > 1000000)"),
    dict(name="gate-ignored", what="what waits in turn crosses a frozen boundary",
         file=RULES + "schedule_ahead.c", old="    if (gate_stops(s, d, e) &&",
         new="    if (false && gate_stops(s, d, e) &&"),
    dict(name="gate-set-aside", what="what was set aside crosses a frozen boundary",
         file=RULES + "schedule_aside.c", old="    if (gate_stops(s, d, e)) {",
         new="    if (false && gate_stops(s, d, e)) {"),
    dict(name="gate-not-loaded", what="a courier that starts does not know what is frozen",
         file=RULES + "schedule_gate.c",
         old="void schedule_load_gates(struct schedule *s, const struct gates *gates)\n{\n"
             "    s->gates = *gates;",
         new="void schedule_load_gates(struct schedule *s, const struct gates *gates)\n{\n"
             "    s->gates.n = gates->n;"),
    dict(name="gate-never-opens", what="nobody goes on after a thaw",
         file=RULES + "schedule_gate.c", old="    look_gates(s);\n", new="    (void)look_gates;\n"),
    # --- harmless ---------------------------------------------------------------------------------
    dict(name="harmless-backoff", what="the first back-off is half as long again", harmless=True,
         file=RULES + "judge.c",
         old="    int64_t ceiling = judge_doubled(first, most,",
         new="    int64_t ceiling = judge_doubled(first + first / 2, most,"),
    dict(name="harmless-patience", what="shards are taken four beats later", harmless=True,
         file=RULES + "lease.c", old="l->waited_ms < beats(l, LEASE_PATIENCE)",
         new="l->waited_ms < beats(l, LEASE_PATIENCE + 4)"),
]
