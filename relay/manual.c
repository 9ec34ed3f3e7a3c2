/* manual: weir(1) and weir.yaml(5). The tables say what there is; the prose between them says what
 * it is for. May not know: which verb prints it. */
#include "relay/manual.h"

#include <stdio.h>
#include <string.h>

#include "relay/config/config.h"
#include "relay/meters.h"
#include "relay/roff.h"
#include "relay/verbs.h"

/* --- weir(1) --- */

static void add_verbs(struct bytes *out)
{
    static const struct {
        const char *words, *options, *prose;
    } verbs[] = {
#define X(words, function, options, prose) {words, options, prose},
        VERBS_TABLE(X)
#undef X
    };
    bytes_add_str(out, ".SH VERBS\n");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        roff_item(out, verbs[i].words, verbs[i].options, verbs[i].prose);
}

static void add_metrics(struct bytes *out)
{
    bytes_add_str(out, ".SH METRICS\n");
    for (size_t i = 0; i < METER_COUNT; i++) {
        const struct metric_def *m = &meters_table()[i];
        char kind[16];
        snprintf(kind, sizeof(kind), "(%s)", metric_kind_name(m->kind));
        roff_item(out, m->name, kind, m->help);
    }
}

static void add_problems(struct bytes *out)
{
    roff_section(out, "PROBLEMS",
                 "A refusal is a problem document (RFC 9457); its code stands in the log, in the "
                 "metrics and in "
                 "`weir explain` alike. With the status of the inbox's answer, where it is one:\n");
    for (int e = 1; e < ERR_COUNT; e++) {
        char status[16] = "";
        if (err_status((enum err)e)) {
            struct bytes text;
            bytes_init(&text, sizeof(status) - 1);
            bytes_addf(&text, "(%d)", err_status((enum err)e));
            span_copy(bytes_span(&text), status, sizeof(status));
            bytes_fini(&text);
        }
        roff_item(out, err_code((enum err)e), status, err_title((enum err)e));
    }
}

static void add_processes(struct bytes *out)
{
    roff_section(out, "PROCESSES",
                 "The master, `weir serve`, starts each role in a process of its own: fronts take "
                 "in, couriers deliver, the steward looks after things and answers these verbs. "
                 "What dies is started again; a master that dies takes all with it. "
                 "--workers N overrides the setting workers; with 0 there is one process.\n");
    roff_section(out, "SEVERAL MACHINES",
                 "`weir serve --role ROLE,...` runs only these roles of a relay (front, courier, "
                 "steward) on a machine; others do the rest, over one Redis that all reach: "
                 "`redis: redis://user:password@host:port/db`, or sentinel://. Each machine has a "
                 "data directory of its own (mode 0700), with a copy of the two actor keys in it, "
                 "and a copy of weir.yaml; see weir.yaml(5) for what may differ there. The steward "
                 "is wanted on one machine; where it is not, a process of that name only watches: "
                 "it serves metrics and /readyz, and answers verbs.\n\n"
                 "A machine is refused at the start, with the reason, if its url is not that of "
                 "the journal in this Redis, if its keys are others, if the Redis promises less "
                 "than durability says, or if its version is older than what the journal was "
                 "written by. One without a front never begins a journal: it waits for one.\n\n"
                 "All couriers, on however many machines, own the same number of shards, to one. "
                 "One that joins has its share within seconds; one that ends gives its own back at "
                 "once; one that dies or is cut off is replaced when its lease has run out (the "
                 "setting delivery.lease), by the beats that the others count, not by a clock. One "
                 "that stood still and goes on finds its lease gone, sends nothing more in its "
                 "old life, and what it writes late is refused. `weir status` lists couriers and "
                 "shards by machine; what it says of destinations, accepted and delivered is "
                 "about the machine that it is asked on. Machines of one relay should not share a "
                 "host name, so that people can tell them apart.\n");
}

static void add_configuration(struct bytes *out)
{
    roff_section(
        out, "ANOTHER CONFIGURATION",
        "`weir config diff NEW.yaml` says in plain words what another file would change of the "
        "one in use (-c): each setting, zone and rule, and what is wrong with it. Rules are told "
        "apart by their names; one that has none is called by its place, and is known again by "
        "what it says. `weir config apply NEW.yaml --reason TEXT` says the same, puts the file in "
        "the place of the one in use, whole at any moment, with its owner and mode, keeps what "
        "was there as FILE.before, and has the running relay read it; the audit log says config "
        "apply, with the digests of both. What is not right, or can't change without a restart "
        "(url, listen, metrics, data, redis, redis_limits.replicas, durability, workers, fronts), "
        "is refused before anything is touched. Where the relay refuses the file all the same, "
        "what was there is put back. Where a process did not answer, the new file stays: the "
        "others go by it, and so will that one.\n");
}

static void add_backup(struct bytes *out)
{
    roff_section(
        out, "BACKUP",
        "`weir backup FILE` copies all that Weir holds in Redis, as of one moment, while "
        "the relay works or is stopped: Redis sends what it would send to a replica (its "
        "user needs SYNC), and a redis-server of our own reads that for a moment, so there "
        "has to be room for it in memory and in the data directory. The file has mode "
        "0600 and carries a checksum. The keys are in it with --with-keys alone. What can "
        "be made anew is left out: leases, and the keys of others. `weir restore FILE` "
        "wants the relay stopped and a Redis that holds nothing of Weir, or --force. "
        "Cursors stand then as at that moment: what was delivered since is delivered once "
        "more, under the same ids, and nothing that was owed is lost. What was accepted "
        "since is not in it. `weir verify` looks through what Redis holds, `weir verify "
        "FILE` through a backup: the journal line by line, bodies, cursors, records and "
        "members; it ends with 1 if anything is missing or can't be read. Where Redis and "
        "the data directory name different journals, `weir journal adopt` says that the "
        "one in Redis is right.\n");
}

static void add_audit(struct bytes *out)
{
    roff_section(
        out, "AUDIT",
        "Every change that a person makes is written down in the audit log, which is only "
        "ever added to: member invite, edit, accept, reject, suspend, resume and remove; pilot "
        "extend, "
        "end and promote; queue "
        "retry, hold, release and drop; hold approve and deny; freeze and thaw; replay; dead retry "
        "and drop; recall; author optin, optout, forget and import; reload; "
        "journal adopt; restore. A change inside the journal and its line are one step: "
        "neither is there without the other. A reload has a line before (begun) and one "
        "with what came of it; one by SIGHUP has a line if it brought another "
        "configuration, and nobody can say who sent the signal; and so has a start with "
        "another one (config). A line is one JSON object: "
        "n (its number), epoch, prev, line (of the journal), time, who, via (cli, api, "
        "signal, file, calendar), verb, target, before, after, of, outcome, reason.\n\n"
        "who is the user of the system who opened the admin socket, as the system says it; "
        "behind sudo that is the user that the command ran as. via is what the client says "
        "of itself. member edit, accept, reject and suspend, pilot extend, end and promote, "
        "recall, "
        "freeze and thaw, and author "
        "optin, optout and forget want --reason TEXT, one line; the other changes take one.\n\n"
        "prev is the SHA-256 of the line before (of the first: 64 zeros), so that a line "
        "that was changed, put in or taken out shows: `weir audit verify` names the first. "
        "Whoever can write to Redis could write all of it anew. Against that the relay "
        "logs number and hash of the newest line at its start and once a day (event "
        "audit): keep that log elsewhere, and give one of them to `weir audit verify "
        "--head LINE:HASH`. `weir audit export` writes the lines as they are; sha256sum of "
        "one, without its end of line, is the prev of the next. The audit log is part of a "
        "backup, and `weir verify` looks through it. A restore brings the audit log of the "
        "backup, and writes down what it replaced.\n");
}

static void add_files(struct bytes *out)
{
    roff_section(out, "FILES", "");
    roff_item(out, "DATA/actor-rsa.pem, DATA/actor-ed25519.pem", "",
              "the relay's keys: its identity; mode 0600");
    roff_item(out, "DATA/admin.sock", "", "what the verbs talk to; who can open it is an operator");
    roff_item(out, "DATA/journal-id", "",
              "which journal belongs to these keys; another one is refused");
    roff_item(out, "DATA/redis, DATA/redis.sock", "", "the embedded Redis");
    roff_item(out, "DATA/lock, DATA/lock.roles", "",
              "held by the master; by everything that it started");
}

void manual_weir(struct bytes *out)
{
    roff_head(out, "weir", 1, "a relay for ActivityPub between departments and partners");
    roff_section(out, "SYNOPSIS", "weir VERB [options]\n");
    roff_section(
        out, "DESCRIPTION",
        "Weir receives signed activities from the servers that are its members, decides by "
        "zones and "
        "rules where each may go, keeps them in a journal in Redis, and delivers them, "
        "signed, to every "
        "member that may have them. What it has accepted it delivers, or says why not.\n");
    add_verbs(out);
    roff_section(out, "OPTIONS", "");
    roff_item(out, "-c", "FILE",
              "the configuration; default ./weir.yaml, then /etc/weir/weir.yaml");
    roff_item(out, "--json", "", "report as JSON, where a verb reports");
    roff_section(out, "EXIT STATUS",
                 "0 done, 1 refused or not found, 2 wrong use, 3 the server can't be reached\n");
    roff_section(
        out, "SIGNALS",
        "SIGTERM and SIGINT: stop; requests in work are answered, attempts under way end, "
        "cursors are "
        "written. SIGHUP: read the configuration anew, whole or not at all. All of them go "
        "to the master.\n");
    add_processes(out);
    manual_add_members(out);
    manual_add_software(out);
    manual_add_authors(out);
    add_configuration(out);
    add_backup(out);
    add_audit(out);
    manual_add_holds(out);
    manual_add_lists(out);
    manual_add_proposals(out);
    manual_add_reports(out);
    add_files(out);
    add_metrics(out);
    add_problems(out);
    roff_section(out, "SEE ALSO", "weir.yaml(5), weir-policy(7)\n");
}

/* --- weir.yaml(5) --- */

void manual_weir_yaml(struct bytes *out)
{
    struct bytes text;
    bytes_init(&text, 1 << 20);
    roff_head(out, "weir.yaml", 5, "configuration of a Weir relay");
    roff_section(out, "DESCRIPTION",
                 "YAML, read strictly: an unknown or repeated name, an alias, a value of the wrong "
                 "kind or out of "
                 "bounds is an error with file, line and column. Scalars get their type from the "
                 "table below, not "
                 "from YAML. A name with a dot is a member of a mapping: limits.body is written "
                 "limits: { body: "
                 "1MiB }. Durations: 250ms, 10s, 5min, 2h, 7d. Sizes: 512, 8KiB, 1MiB, 2GiB.\n");
    bytes_add_str(out, ".SH EXAMPLE\n.nf\n");
    config_example(NULL, &text);
    roff_text(out, bytes_str(&text));
    bytes_add_str(out, ".fi\n.SH SETTINGS\n.nf\n");
    bytes_clear(&text);
    config_explain(NULL, &text);
    roff_text(out, bytes_str(&text));
    bytes_add_str(out, ".fi\n");
    roff_section(out, "SEVERAL MACHINES",
                 "Where the roles of one relay run on several machines (weir(1)), url, redis, "
                 "durability, redis_limits.replicas, zones and rules must be the same on all of "
                 "them, and so should the rest. What each machine may have of its own: data, "
                 "listen, metrics, workers, fronts, log.\n");
    roff_section(out, "SEE ALSO", "weir(1), weir-policy(7)\n");
    bytes_fini(&text);
}
