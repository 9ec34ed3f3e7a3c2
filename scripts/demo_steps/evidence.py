"""Checks that several steps make, each in the records that the receivers keep for themselves."""

import json
import time


def signed_by_relay(stage, record):
    """The receiver's own verdict: this came from the relay, and nobody changed it on the way."""
    signature = record.get("signature", {})
    return (
        signature.get("verdict") == "ok"
        and signature.get("signer") == stage.relay.actor
        and record.get("digest") == "ok"
    )


def proved_by_author(record):
    return record.get("proof", {}).get("verdict") == "ok"


def brief(records):
    """Records in few words, for a check that failed."""
    if not records:
        return "nothing arrived"
    return "; ".join(
        f"{record.get('activity', {}).get('type')}, signature "
        f"{record.get('signature', {}).get('verdict')}, proof "
        f"{record.get('proof', {}).get('verdict')}, then: {record.get('did')}"
        for record in records[:4]
    )


def arrived(stage, name, did, **wanted):
    """The record of a delivery that this server acted on so, or None."""
    found = stage.servers[name].wait_for(timeout=stage.patience, did=did, **wanted)
    return found[0] if found else None


def whole_post(stage, report, name, sent, what, did="stored", since=None):
    """A post, edit or deletion arrived as its author wrote it: both signatures, same bytes."""
    found = stage.servers[name].wait_for(timeout=stage.patience, activity__id=sent["id"])
    record = found[0] if found else {}
    good = bool(found) and signed_by_relay(stage, record) and proved_by_author(record)
    same = "sha256" not in sent or record.get("sha256") == sent["sha256"]
    report.check(
        f"{what} reached the {name}, which verified the relay's signature and the author's proof",
        good and same and record.get("did") == did,
        brief(found) + ("" if same else "; not the author's bytes"),
    )
    if since is not None:
        in_time(report, name, record, since)
    return record


def announced_post(stage, report, name, sent, what, since=None):
    """A post without a proof came as a pointer, and was fetched from its author's own server."""
    found = stage.servers[name].wait_for(
        timeout=stage.patience, activity__type="Announce", activity__object=sent["object"]
    )
    record = found[0] if found else {}
    report.check(
        f"the {name} was told of {what} by the relay and fetched it from its author's server",
        bool(found) and signed_by_relay(stage, record) and record.get("did") == "fetched",
        brief(found),
    )
    if since is not None:
        in_time(report, name, record, since)
    return record


def in_time(report, name, record, since):
    took = record["at"] + record["took_s"] - since if record else None
    report.check(
        f"the {name} had it within a second" + (f" ({took * 1000:.0f} ms)" if took else ""),
        took is not None and took <= 1.0,
        "it did not come" if took is None else f"{took:.2f} s",
    )


def problem(answer):
    """Status and code of a refusal (RFC 9457); the code is None where it does not say why."""
    if "application/problem+json" not in answer.get("type", ""):
        return answer["status"], None, answer.get("answer", "")
    document = json.loads(answer["answer"])
    return answer["status"], document.get("code"), document.get("detail") or document.get("title")


def deliveries(server, activity_id):
    """How often an activity was brought to this server."""
    return [r for r in server.records(activity__id=activity_id) if r["method"] == "POST"]


def held_now(server, sent):
    """What of these activities the server has stored, in order of arrival."""
    wanted = set(sent)
    return [record["activity"]["id"] for record in server.records(did="stored")
            if record["activity"]["id"] in wanted]


def held_in_time(server, sent, timeout):
    """The same, as soon as it is all or time is up."""
    end = time.monotonic() + timeout
    while len(held := held_now(server, sent)) < len(sent) and time.monotonic() < end:
        time.sleep(0.1)
    return held


def all_verified(stage, server, sent):
    """The server stored each of these, and verified the relay's signature and the author's proof."""
    records = [r for r in server.records(did="stored") if r["activity"]["id"] in set(sent)]
    return len(records) == len(sent) > 0 and all(
        signed_by_relay(stage, r) and proved_by_author(r) for r in records)
