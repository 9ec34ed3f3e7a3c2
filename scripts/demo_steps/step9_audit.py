"""Every change by a person is a line of a log that shows when it was tampered with."""

import hashlib
import json

TITLE = "What people changed is written down, and nobody can change that unseen"


def run(stage, report):
    host = stage.partner.host
    code, _, err = stage.relay.verb("member", "suspend", host)
    report.check("the partner's gate is not closed without a reason", code == 2, (code, err))
    for verb, reason in (("suspend", "their server sends spam"), ("resume", "they mended it")):
        code, _, err = stage.relay.verb("member", verb, host, "--reason", reason)
        report.check(f"with one it is: {verb}", code == 0, err)
    code, out, err = stage.relay.verb("audit", "list")
    for line in out.splitlines():
        report.line(line)
    report.check("the audit log tells who did what, and why",
                 code == 0 and "their server sends spam" in out and host in out, err)
    file = stage.directory / "audit.jsonl"
    code, out, err = stage.relay.verb("audit", "export", str(file))
    head = "0" * 64
    lines = file.read_bytes().splitlines() if code == 0 else []
    fits = True
    for line in lines:
        fits = fits and json.loads(line)["prev"] == head
        head = hashlib.sha256(line).hexdigest()
    report.check("each line has the hash of the one before, as sha256sum says it", lines and fits)
    code, out, err = stage.relay.verb("audit", "verify", str(file), "--head", f"{len(lines)}:{head}")
    report.check("weir audit verify says the same", code == 0 and head in out, (out, err))
    file.write_bytes(file.read_bytes().replace(b"spam", b"news"))
    code, out, err = stage.relay.verb("audit", "verify", str(file))
    report.line(err.strip())
    report.check("where somebody has changed the reason afterwards, it names the line",
                 code == 1 and f"line {len(lines) - 1} is not as it was written" in err, (out, err))
