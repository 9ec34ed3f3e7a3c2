"""What every test of a refusal needs: a relay with a sender and a receiver, requests that go out as
they stand, byte for byte, and a look at everything that an answer must leave behind.

    with stage(tmp_path) as s:
        s.refused(request, 401, "signature-missing")
        s.accepted(request)                     # its twin, unbroken
        s.check_arrivals()                      # each once, and nothing else

A refusal is a problem document (RFC 9457), one line in the log and one count in
weir_inbox_total, all with the same code.
"""

import contextlib
import json
import re
import socket
import time

from integration.relay import CONFIG, INTERNAL, Relay, http_get, parse_logfmt
from peers.town import Town
from peers.wire import Request, id_of

PATIENCE_S = 60
_COUNT = re.compile(r'^weir_inbox_total\{code="([^"]+)"\} (\d+)', re.MULTILINE)
# A disk that is slow for a moment is no news here.
PATIENT = """\
durability: standard
redis_limits: { command: 30s }
"""
# A key that was refused, or could not be had, is asked for again soon: a test has many.
QUICK_KEYS = """\
keys: { refetch: 1s, unreachable: 1s, refused: 1s }
fetch: { connect: 3s, total: 4s, software: 0s }
"""


class Answer:
    """One response: status, header fields (names in small letters), body."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def problem(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:300]!r}"


def read_answer(reader):
    """The next response of a connection; None where it has ended."""
    line = reader.readline()
    if not line:
        return None
    fields = {}
    while (field := reader.readline().rstrip(b"\r\n")):
        name, value = field.decode("latin-1").split(":", 1)
        fields[name.lower()] = value.strip()
    body = reader.read(int(fields.get("content-length", 0)))
    return Answer(int(line.split()[1]), fields, body)


def speak(host, data, count=1):
    """Sends bytes to a listener over one connection; its responses, at most so many."""
    name, port = host.rsplit(":", 1)
    with socket.create_connection((name, int(port)), PATIENCE_S) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(data)  # it may have answered, and closed, before the end
        answers = []
        with contextlib.suppress(ConnectionError), line.makefile("rb") as reader:
            while len(answers) < count and (answer := read_answer(reader)):
                answers.append(answer)
        return answers


class Stage:
    """One relay, the members `blog` (sends) and `wiki` (receives), and what was seen so far."""

    def __init__(self, relay, town):
        self.relay, self.town = relay, town
        self.blog, self.wiki = self.member("blog"), self.member("wiki")
        self.expected = []
        self._log_at = 0
        self._counts, self._judged = {}, 0
        self.news()

    def member(self, kind="social", host=INTERNAL, **how):
        """A peer that has joined."""
        peer = self.town.add(host, kind=kind, **how)
        assert peer.follow(self.relay.actor).status == 202
        peer.records.wait_for(activity__type="Accept")
        return peer

    # --- what the relay says of itself --------------------------------------------------------

    def news(self, event="inbox"):
        """The lines of the log, and the counts of weir_inbox_total, since the last look.

        A line is written at the end of the turn that answered: it may be still to come. Waits for
        as many of the inbox as were counted, or for one of another event."""
        before = self._counts
        text = http_get(f"http://{self.relay.metrics}/metrics")[2]
        self._counts = {code: int(n) for code, n in _COUNT.findall(text)}
        counted = {code: n - before.get(code, 0) for code, n in self._counts.items()}
        end = time.monotonic() + PATIENCE_S
        lines = self._lines()
        while not self._all_there(lines, event) and time.monotonic() < end:
            time.sleep(0.01)
            lines += self._lines()
        self._judged += sum(1 for line in lines if line.get("event") == "inbox")
        return lines, {code: n for code, n in counted.items() if n}

    def _all_there(self, lines, event):
        found = sum(1 for line in lines if line.get("event") == event)
        if event != "inbox":
            return found > 0
        return self._judged + found >= sum(self._counts.values())

    def _lines(self):
        with open(self.relay.err, "rb") as file:
            file.seek(self._log_at)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self._log_at += len(text)
        return [parse_logfmt(line) for line in text.decode("utf-8").splitlines()]

    # --- asking -------------------------------------------------------------------------------

    def ask(self, request):
        """Sends it as it stands. A Request, or the bytes of one."""
        data = request.to_bytes() if isinstance(request, Request) else request
        answers = speak(self.relay.host, data)
        assert answers, f"no answer to {data[:400]!r}"
        return answers[0]

    def judged(self, request, status, code):
        """The answer, which must be of this status, and the log and the metrics of this code."""
        answer = self.ask(request)
        lines, counted = self.news()
        lines = [line for line in lines if line.get("event") == "inbox"]
        said = [(line["status"], line["code"]) for line in lines]
        assert (answer.status, said) == (status, [(str(status), code)]), (answer, lines)
        assert counted == {code: 1}, counted
        return answer, lines[0]

    def refused(self, request, status, code):
        """It is refused, and says why in the three places; nothing of it goes out."""
        answer, line = self.judged(request, status, code)
        check_problem(answer, status, code)
        return answer, line

    def ignored(self, request, code):
        """It is taken (202) and nothing is done with it, for the reason of this code."""
        answer, line = self.judged(request, 202, code)
        assert answer.body == b"", answer
        return answer, line

    def accepted(self, request, body=None, goes_out_as=None):
        """It is accepted, and `wiki` will have it: see check_arrivals()."""
        answer, line = self.judged(request, 202, "ok")
        assert answer.body == b"", answer
        self.expected.append(goes_out_as or _goes_out_as(json.loads(body or request.body)))
        return answer, line

    def check_arrivals(self, more=()):
        """Everything that was accepted reaches `wiki` exactly once, and nothing else ever does.

        A last post behind all of it: what is delivered in order has been delivered by then."""
        last = self.blog.prepare(self.blog.write("the last of all"), self.relay.inbox)
        self.accepted(last)
        self.wiki.records.wait_for(activity__id=self.expected[-1], timeout=PATIENCE_S)
        wanted = sorted([*self.expected, *more])
        end = time.monotonic() + PATIENCE_S
        while (seen := self.arrived()) != wanted and time.monotonic() < end:
            time.sleep(0.1)
        assert seen == wanted, (set(wanted) - set(seen), set(seen) - set(wanted))
        time.sleep(0.3)  # a second copy would follow on the heels of the first
        assert self.arrived() == wanted

    def arrived(self):
        """What `wiki` was sent: ids of forwarded activities; of announced ones, the object's."""
        seen = []
        for record in self.wiki.records.where(method="POST"):
            activity = record.get("activity") or {}
            if activity.get("type") == "Announce" and activity["actor"] == self.relay.actor:
                seen.append(activity["object"])
            elif activity.get("type") != "Accept":
                seen.append(activity.get("id"))
        return sorted(seen)

    # --- requests -----------------------------------------------------------------------------

    def post(self, peer=None, who="alice", **how):
        """A good request: the signed Create of a new post, with a proof, not yet sent."""
        peer = self.blog if peer is None else peer
        return peer.prepare(peer.write("a post", who=who), self.relay.inbox, who, **how)

    def activity(self, peer=None, who="alice", **changes):
        """The Create of a new post as a dict, with members replaced (None: left out)."""
        peer = self.blog if peer is None else peer
        activity = peer.write("a post", who=who, proof=False)
        activity = json.loads(json.dumps(activity))
        activity.update(changes)
        return {name: value for name, value in activity.items() if value is not None}

    def signed(self, body, peer=None, who="alice", **how):
        """The signed request of a body: bytes as they stand, or a dict."""
        peer = self.blog if peer is None else peer
        if not isinstance(body, bytes):
            return peer.prepare(body, self.relay.inbox, who, **how)
        request = peer.prepare({"of": "another body"}, self.relay.inbox, who)
        return peer.sign(request.copy(body=body), peer.actors[who], **how)


def _goes_out_as(activity):
    """The id that receivers get; of a Create or an Announce without a proof, the object's."""
    announced = activity["type"] in ("Create", "Announce")
    with_proof = activity.keys() & {"proof", "signature"}
    return id_of(activity["object"]) if announced and not with_proof else activity["id"]


def check_problem(answer, status, code):
    """RFC 9457, with our stable code; and a Retry-After where it is worth trying again."""
    assert answer.status == status, answer
    assert answer.fields.get("content-type") == "application/problem+json", answer
    assert answer.fields.get("cache-control") == "no-store", answer
    problem = answer.problem
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["type"] == f"urn:weir:problem:{code}" and problem["title"], problem
    if status == 503:
        assert 20 <= int(answer.fields["retry-after"]) <= 60, answer
    else:
        assert "retry-after" not in answer.fields, answer


@contextlib.contextmanager
def stage(directory, config=CONFIG, extra=QUICK_KEYS, **how):
    """A Stage on a relay of its own."""
    with Relay(directory, config, extra=PATIENT + extra, **how) as relay, Town() as town:
        yield Stage(relay, town)
