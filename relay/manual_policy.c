/* manual_policy: weir-policy(7): what zones and rules may say, and how they are asked. The facts
 * come from their table. May not know: which verb prints it. */
#include "relay/config/policy_file.h"
#include "relay/manual.h"
#include "relay/roff.h"

static const char description[] =
    "Every host belongs to a zone, or to none. An activity that a member sends is for its own zone "
    "and for every zone that it may cross to; rules decide which. A boundary has two sides: what "
    "leaves a zone (export) and what a zone takes (import). An activity crosses when both sides "
    "allow it.\n";

static const char grammar[] =
    "zones:\n"
    "  NAME:\n"
    "    hosts: [HOST, ...]\n"
    "    inside: allow | hold | deny\n"
    "    consent: none | opt-out | opt-in\n"
    "    export:\n"
    "      - {to: ZONES, RULE}\n"
    "    import:\n"
    "      - {from: ZONES, RULE}\n"
    "rules:\n"
    "  - {from: ZONES, to: ZONES, RULE}\n"
    "\n"
    "ZONES: a zone, a list of zones, or \"*\": any other zone\n"
    "RULE:  then: allow|hold|deny|drop      must be given\n"
    "       when: {FACT: VALUES, ...}       all of them must hold\n"
    "       unless: {FACT: VALUES, ...}     where all hold, it does not match\n"
    "       name: NAME                      else rule-N, ZONE.export-N ...\n"
    "       until: 2027-04-30               to the end of that day (UTC)\n"
    "       owner: TEXT, reason: TEXT       said by weir explain\n";

static const char asking[] =
    "On each side the zone's own rules are asked first, in their order; then those under `rules`, "
    "which stand for both sides; the first that matches decides that side. Where none matches, the "
    "side denies. The import side is asked only where the export side lets an activity through. "
    "Inside a zone neither side is asked: only those of `rules` decide that name the zone as from "
    "and as to (\"*\" means other zones); where none matches, `inside` holds. The hosts of a zone "
    "that says nothing may speak with each other, and with nobody else.\n\n";

static const char following[] =
    "Rules decide about what is new. An Update, a Delete or an Undo goes where its object went, "
    "whatever the rules say by then. A Like stays inside its zone. Only what is public is relayed "
    "at all, and nothing goes back to the host that it came from.\n";

static void add_verdicts(struct bytes *out)
{
    roff_section(out, "VERDICTS", "");
    roff_item(out, "allow", "", "this side lets it through");
    roff_item(out, "hold", "",
              "a person decides: it waits, with its bytes, for the zones that a side holds it for, "
              "and goes at once where it may. Its sender is answered 202. What its author writes "
              "anew joins it; what its author deletes is held no more. Approving decides anew by "
              "the rules of then: see HELD in weir(1)");
    roff_item(out, "deny", "",
              "this side does not. Where no zone at all may have an activity, its sender is told: "
              "403, with the code rule-denies or no-rule");
    roff_item(out, "drop", "",
              "as deny, but the sender is answered 202, as if it had been taken; the log and the "
              "metrics say rule-drops");
}

static const char freezing[] =
    "`weir freeze \"internal -> partners\" --reason TEXT` closes a boundary at once: from the "
    "moment "
    "that it has answered, whatever would cross it is held, whether a rule allows it or holds it, "
    "and whoever was deciding just then decides again. What a rule denies is denied. \"*\" on a "
    "side stands for any other zone than the one on the other side; what stays inside a zone is "
    "never frozen. Whoever sends what nobody else may have is answered 202; the log and the "
    "metrics say frozen. With --for 2h it ends by itself, which the audit log tells as via "
    "calendar; "
    "otherwise it holds until `weir thaw`, through every restart. At most 64 boundaries can be "
    "frozen. `weir freeze list`, `weir status` and the metric weir_freezes show them, and `weir "
    "explain` says so where the relay runs.\n\n";

static const char freezing_too[] =
    "An Update, a Delete or an Undo of what crossed before still goes where its object went; an "
    "Update of what is held joins it, and a Delete makes it disappear. `weir hold approve` lets a "
    "single post through a frozen boundary. `weir thaw` has decided anew, by the rules and members "
    "of then and from the oldest on, what the freeze held: what they allow is sent, what a rule "
    "holds stays for a person, what a rule denies is closed as denied. What its sender may not "
    "send just then, since it is suspended, stays held until it may again.\n\n";

static const char freezing_before[] =
    "What was accepted before the freeze, and still waits to be delivered across that boundary, "
    "stays where it is until the thaw: the couriers read of the freeze in the journal, within "
    "milliseconds, and start nothing of it from then on, be it the first attempt, a retry, a dead "
    "letter or a replay. A request that is under way by then arrives. It waits in order: what "
    "follows it for the same receiver waits behind it: an Update, what another zone sent, what a "
    "person let through. "
    "A Delete and an Undo go ahead, and take out what waits; so do `weir recall`, and an author "
    "who "
    "opts out. What was accepted before Weir kept the zone of the sender beside it (a version of "
    "before this one) counts as of every zone.\n\n"
    "To wait for a thaw is no failure: no attempt is counted, no back-off grows, nobody is parked, "
    "and nothing becomes a dead letter by it. What is older than delivery.horizon by then is still "
    "tried once. But it is kept no longer than all else: retention.entries and retention.bodies go "
    "on, so thaw in time, or recall what is not to go.\n\n"
    "After the thaw it goes out as it was decided when it was accepted, and is not decided anew: "
    "the rules of then stand for it, as for everything that was accepted. `weir recall` takes it "
    "back. `weir freeze` and `weir freeze list` tell how much waits so among the 1,000 lines of "
    "the journal before the freeze, and for whom; `weir trace` says frozen, so does `weir queue`, "
    "and `weir status` counts the receivers.\n";

static void add_freezing(struct bytes *out)
{
    roff_section(out, "FREEZING A BOUNDARY", "");
    roff_text(out, freezing);
    roff_text(out, freezing_too);
    roff_text(out, freezing_before);
}

static void add_values(struct bytes *out)
{
    roff_section(out, "VALUES", "A value, or a list of values of which any may hold.\n");
    roff_item(out, "word", "", "exactly this");
    roff_item(out, "word*, *word", "", "what begins so, what ends so");
    roff_item(out, "*", "", "anything, if there is anything");
    roff_item(out, "/expression/", "",
              "a regular expression (PCRE2), found anywhere unless it says ^ or $. A match that "
              "takes too many steps is given up: see MISSING AND UNSURE");
    roff_item(out, "NAME, NAME:PORT, *.NAME", "",
              "of facts that are hosts: as in a zone's hosts. *.corp.example is every name below "
              "corp.example, not that itself");
    roff_item(out, "<=N, <N, >=N, >N, N..M, N", "",
              "of numbers; sizes as 64KiB, times as 30min or 7d. To be quoted where YAML asks for "
              "it");
    roff_item(out, "true, false", "", "of what is so or not");
}

static void add_facts(struct bytes *out)
{
    static const char *const kinds[] = {[FACT_KIND_TEXT] = "(words)",
                                        [FACT_KIND_NUMBER] = "(number)",
                                        [FACT_KIND_FLAG] = "(true or false)"};
    roff_section(
        out, "FACTS",
        "What a rule may ask for, under `when` and `unless`. The zone of a host is the one "
        "that an operator put the member into, else the one whose patterns fit its name. "
        "The software of a member that joined a moment ago may not be known yet.\n");
    for (int i = 0; i < FACT_COUNT; i++) {
        const struct fact_row *row = fact_row((enum fact)i);
        struct bytes text;
        bytes_init(&text, 1000);
        bytes_addf(&text, "%s. Missing: %s.", row->prose, row->missing);
        roff_item(out, row->name, kinds[row->kind], bytes_str(&text));
        bytes_fini(&text);
    }
}

static const char unsure[] =
    "A condition on a fact that is missing does not hold, under `when` and under `unless`, "
    "whatever "
    "the rule would do: a rule that asks for language: en does not match a post that names no "
    "language, and one that says unless: {sensitive: true} is not stopped by a post that does not "
    "say. Write a last rule without conditions for what is left.\n\n";

static const char unsure_too[] =
    "Where a list is longer than what is read (64 links, 64 mentions), or an expression was given "
    "up, nobody knows whether a condition holds. If none of what is known fits, it is taken so "
    "that less goes through: under `when` it holds for a rule that denies and not for one that "
    "allows; under `unless` the other way round.\n";

static void add_explain(struct bytes *out)
{
    roff_section(out, "EXPLAIN",
                 "`weir explain ACTIVITY.json --from HOST --to HOST|ZONE` says which rule decides, "
                 "and why the others do not: by the configuration alone, but for what is frozen, "
                 "where a relay runs. `weir explain URL` asks the running relay for what it "
                 "accepted, by the id of the activity or of its object, as it would be decided "
                 "now. The relay also knows whether the author is a machine, is indexable and "
                 "agreed, if its document was fetched lately; where that went which it answers; in "
                 "which zones the members are; and, with --to HOST, in which form that member gets "
                 "it. POST /api/v1/policy/explain on the admin socket takes {url, from, to}, or "
                 "{activity, from, to}.\n");
}

static void add_cases(struct bytes *out)
{
    roff_section(out, "CASES",
                 "`weir policy test DIR` decides an operator's own cases by the configuration, "
                 "without a relay that runs: for a repository, and whatever looks at changes "
                 "there. It reads the files of DIR whose name ends in .yaml, prints a line for "
                 "each case and each of its targets, and ends with 1 if one comes out otherwise "
                 "than it says, if a file is not right, or if there is no case.\n\n");
    roff_lines(out, manual_cases);
    roff_item(out, "from", "", "the host that signs");
    roff_item(out, "to", "", "a zone, a host, or a list of them");
    roff_item(out, "expect", "",
              "allow, hold, deny or drop; refuse: before any rule is asked, as what is not public");
    roff_item(out, "rule, code", "",
              "if given: the rule that decides, and the reason code (`weir help problems`)");
    roff_item(out, "at", "", "decided at the end of this day, or at this moment; otherwise now");
    roff_item(
        out, "known", "",
        "what a running relay would know: bot, indexable, crossed (that what it answers did "
        "cross), consent (what its author told the relay), each true or false, and software (a "
        "name); otherwise it is not known");
    roff_item(out, "activity", "",
              "a file of JSON, named from DIR; or a mapping, where true, false and null are what "
              "they say and all else is text. Of a mapping may be left out what a post of that "
              "host would say anyway: type (Create), id, actor, to (everybody), and of its "
              "object type (Note), id, attributedTo and to");
}

static void add_replay(struct bytes *out)
{
    roff_section(
        out, "REPLAY",
        "`weir policy replay --since 7d --with NEW.yaml` asks the running relay for what it "
        "accepted since then, has it decided by NEW.yaml as of the time when it came, and "
        "counts what would have crossed a boundary and did not, and the other way round, "
        "by boundary and by author, with some of them by name.\n\n");
    roff_text(out,
              "What was refused or is held is not in the journal, and so not counted; nor are "
              "bodies that are no longer kept (the setting retention.bodies; a deleted post's "
              "goes with it). Edits and deletions go where their objects went. What only the "
              "relay knew at that moment is not kept: whether the author was a machine (bot), "
              "was indexable, agreed, and whether what was answered had crossed. Where NEW.yaml "
              "asks for it, both answers are tried: what comes out the same is counted, the "
              "rest as unsure.\n");
}

static void add_examples(struct bytes *out)
{
    roff_section(out, "EXAMPLES", "");
    for (size_t i = 0; i < MANUAL_EXAMPLES; i++) {
        const struct manual_example *e = &manual_examples[i];
        roff_item(out, e->title, "", e->prose);
        roff_lines(out, e->file);
    }
}

void manual_weir_policy(struct bytes *out)
{
    roff_head(out, "weir-policy", 7, "zones and rules of a Weir relay");
    roff_section(out, "DESCRIPTION", description);
    bytes_add_str(out, ".SH GRAMMAR\n");
    roff_lines(out, grammar);
    roff_section(out, "HOW RULES ARE ASKED", "");
    roff_text(out, asking);
    roff_text(out, following);
    add_verdicts(out);
    add_values(out);
    add_facts(out);
    manual_add_consent(out);
    roff_section(out, "MISSING AND UNSURE", "");
    roff_text(out, unsure);
    roff_text(out, unsure_too);
    add_freezing(out);
    add_explain(out);
    add_cases(out);
    add_replay(out);
    add_examples(out);
    roff_section(out, "SEE ALSO",
                 "weir(1), weir.yaml(5); `weir explain` says of one activity which "
                 "rule decided, on which side, by which fact\n");
}
