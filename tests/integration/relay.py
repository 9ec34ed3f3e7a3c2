"""The real program beside a test: a directory, a configuration, `weir serve`, its logs, its end.

    from integration.relay import INTERNAL, Relay

    with Relay(tmp_path) as relay, Town() as town:
        blog = town.add(INTERNAL)                # a department: CONFIG says which address is what
        blog.follow(relay.actor)

`with` makes the keys, starts, and at the end stops it and looks at how it ended: with code 0, with
every process that it had started, and without a word of a sanitizer. A test that wants it to end in
another way (`kill`, `ended`) says so by calling that.

Ports are free ones. A peer is told apart by its address, never by its port: every address in
127.0.0.0/8 is this machine, and port 0 is any.
"""

import ctypes
import json
import os
import re
import shlex
import signal
import string
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from peers.ports import free_host

ROOT = Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "weir"))
# Of a relay that does not say so itself: as `auto` does, but for a machine with many cores, where
# several tests run at once.
WORKERS = os.environ.get("WEIR_WORKERS") or str(min(4, len(os.sched_getaffinity(0))))
FULL = os.environ.get("WEIR_TEST_FULL") == "1"  # as long and as often as it takes, not as it may
PATIENCE_S = 90  # for what a machine under load may take long over, and always does in the end

# Where the peers of a zone listen.
INTERNAL, PARTNER, GUEST, STRANGER = (f"127.0.0.{n}:0" for n in (2, 3, 5, 9))

# $host, $metrics, $redis and $workers are filled in.
CONFIG = """\
url: http://$host
listen: $host
metrics: $metrics
data: ./weir-data
redis: $redis
workers: $workers
zones:
  internal:
    hosts: ["127.0.0.2:*"]
    networks: [127.0.0.0/8]
    join: open
  partners:
    hosts: ["127.0.0.3:*"]
    networks: [127.0.0.0/8]
    join: invited
  guests:
    hosts: ["127.0.0.5:*"]
    networks: [127.0.0.0/8]
    join: approval
rules:
  - { name: shared, from: internal, to: partners, when: { tags: [partners] }, then: allow }
  - { name: back,   from: partners, to: internal, then: allow }
"""

# Where a test says nothing of it: a machine that does much else can be seconds over one fsync, and
# a post that is refused for that is no failure of what the test is about.
_PATIENT = "redis_limits: { command: 10s }\n"
# Nor does who is no part of such a test ask its peers for anything, and write down what they say.
_INCURIOUS = "fetch: { software: 0s }\n"

_SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:")
# LeakSanitizer, of a thread that did not stop in time for it to look; what it then finds has a line
# of its own.
_UNSUSPENDED = re.compile(r"^==\d+==Running thread \d+ was not suspended.*\n?", re.MULTILINE)
_PR_SET_PDEATHSIG = 1


def wait_until(true, what, patience=PATIENCE_S):
    """Answers the first thing that is true; AssertionError where time is up before."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, f"not in {patience} s: {what}"
        time.sleep(0.02)
    return found


class Done:
    """How a verb ended."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"code {self.code}, out {self.out!r}, err {self.err!r}"


class Relay:
    """One Weir. `extra` is added to the configuration text; `environment` to its own; `program` is
    another than the one under test; `workers` as in its configuration."""

    def __init__(self, directory, config=CONFIG, *, redis="embedded", extra="", environment=None,
                 program=WEIR, workers=None):
        self.directory = Path(directory) / "relay"
        self.config = self.directory / "weir.yaml"
        self.out, self.err = self.directory / "stdout.txt", self.directory / "stderr.txt"
        self.data = self.directory / "weir-data"
        self.host, self.metrics, self.redis = free_host(), free_host(), redis
        self.workers = WORKERS if workers is None else workers
        self._program = str(program)
        self._text = config + extra
        if "redis_limits:" not in self._text:
            self._text = _PATIENT + self._text  # what is extra may go on with what comes last
        if "fetch:" not in self._text:
            self._text = _INCURIOUS + self._text
        self._environment = {**os.environ, **(environment or {})}
        self._process = None
        self._pids = set()
        self._read_from = 0

    def __enter__(self):
        self.init()
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.alive:
            self._end_quietly()  # the test's own failure is the news
            return
        if self.alive:
            self.stop()
        self.check_reports()

    # --- where it is ------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://{self.host}"

    @property
    def actor(self):
        return f"{self.url}/actor"

    @property
    def inbox(self):
        return f"{self.url}/inbox"

    @property
    def pid(self):
        return self._process.pid

    @property
    def alive(self):
        return self._process is not None and self._process.poll() is None

    @property
    def redis_pid(self):
        """Of the embedded redis-server; None while there is none."""
        found = [pid for pid in children(self.pid) if comm(pid) in ("redis-server", "valkey-server")]
        return found[0] if found else None

    def roles(self):
        """The processes with a role: `courier-0` -> pid; empty where there is one for all."""
        return {name: pid for pid in children(self.pid) if (name := role(pid))}

    # --- life -------------------------------------------------------------------------------

    def init(self):
        """`weir init`, and the test's own configuration in place of the one it wrote."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        done = self._run("init", str(self.directory))
        assert done.code == 0, done
        self.configure(self._text)
        return self

    def configure(self, text):
        """Writes another configuration; a running relay knows nothing of it yet."""
        self._text = text
        text = string.Template(text).substitute(
            host=self.host, metrics=self.metrics, redis=self.redis, workers=self.workers
        )
        self.config.write_text(text, "utf-8")

    def replace(self, old, new):
        """Changes the configuration in one place that must be there."""
        assert old in self._text, old
        self.configure(self._text.replace(old, new))

    def start(self, ready=True, options=()):
        """Runs `weir serve`, until it says that it is ready unless told not to wait."""
        self._read_from = self.out.stat().st_size if self.out.exists() else 0
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self._process = subprocess.Popen(
                [self._program, "serve", "-c", str(self.config), *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._environment,
                start_new_session=True,
                preexec_fn=self._begin,
            )
        self._pids.add(self._process.pid)
        if ready:
            self.wait_ready()
        return self

    def _begin(self):
        """In its process, before the program is run there."""
        _end_with_parent()

    def wait_ready(self):
        """The line on standard output that says so."""

        def says():
            assert self.alive, f"it ended instead of being ready: {self._end_of_log()}"
            return b"weir is ready: " in self.out.read_bytes()[self._read_from:]

        try:
            wait_until(says, "the relay is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._end_of_log()}") from None

    def ended(self, patience=PATIENCE_S):
        """Waits for it to end by itself; answers the exit code."""
        code = self._process.wait(patience)
        self._gone()
        return code

    def stop(self, number=signal.SIGTERM):
        """Asks it to end; it must, with code 0 and all that it had started."""
        self._process.send_signal(number)
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._end_quietly()
            raise AssertionError(f"it did not stop: {self._end_of_log()}") from None
        self._gone()
        assert code == 0, f"it ended with code {code}: {self._end_of_log()}"

    def kill(self):
        """kill -9: no last words. Its embedded Redis dies with it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        wait_until(lambda: not _session_lives(self._process.pid), "what it had started has ended, too")

    def strike(self):
        """kill -9 of the master, and no look at how the others end."""
        self._process.kill()
        self._process.wait()

    def restart(self, number=signal.SIGTERM):
        if number == signal.SIGKILL:
            self.kill()
        else:
            self.stop(number)
        self.start()

    def kill_redis(self):
        """kill -9 of the embedded redis-server."""
        os.kill(self.redis_pid, signal.SIGKILL)

    # --- an operator's hands ----------------------------------------------------------------

    def verb(self, *arguments):
        """Runs a verb with this configuration; answers how it ended."""
        return self._run(*arguments, "-c", str(self.config))

    def told(self, *arguments):
        """A verb that must go well; answers what it said as JSON."""
        done = self.verb(*arguments, "--json")
        assert done.code == 0, (arguments, done)
        return done.json

    def member(self, host):
        return self.told("member", "show", host)

    def follower(self, host, place=0):
        """One of the member's followers, in the order in which they came."""
        return self.member(host)["followers"][place]

    def state(self, host):
        done = self.verb("member", "show", host, "--json")
        return done.json["state"] if done.code == 0 else None

    def reload(self):
        """SIGHUP, and the log line that says what became of it."""
        before = len(self.log("reload"))
        self._process.send_signal(signal.SIGHUP)
        return wait_until(lambda: self.log("reload")[before:], "an answer to SIGHUP")[0]

    # --- what it says -----------------------------------------------------------------------

    @property
    def err_text(self):
        return self.err.read_text("utf-8", "replace") if self.err.exists() else ""

    def log(self, event=None, **wanted):
        """The lines of the log (logfmt) as dicts of text; those of an event, with these fields."""
        lines = [parse_logfmt(line) for line in self.err_text.splitlines()]
        return [
            line
            for line in lines
            if event in (None, line.get("event"))
            and all(line.get(name) == str(value) for name, value in wanted.items())
        ]

    def wait_log(self, event, count=1, **wanted):
        """As soon as that many lines of the log match."""
        return wait_until(
            lambda: len(found := self.log(event, **wanted)) >= count and found,
            f"{count} log lines {event} {wanted}; the log ends with {self._end_of_log()}",
        )

    def get(self, path, base=None):
        """(status, headers, text) of a GET of the public listener."""
        return http_get(f"{base or self.url}{path}")

    def readyz(self):
        return self.get("/readyz", f"http://{self.metrics}")

    def metric_lines(self):
        status, _, text = self.get("/metrics", f"http://{self.metrics}")
        assert status == 200
        return text.splitlines()

    def metric(self, name):
        """The value of a metric, its labels as they are written: `weir_members{state="left"}`."""
        for line in self.metric_lines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {name}")

    def check_reports(self):
        """No sanitizer said anything, on standard error or in a file of its own."""
        assert not _SANITIZER.search(self.err_text), self.err_text[-6000:]
        roles = set(map(int, re.findall(r" is process (\d+)", self.err_text)))
        for path in (_sanitizer_file(self._environment, pid) for pid in self._pids | roles):
            # Who is killed while it begins to look for leaks leaves a file with nothing in it.
            said = path.read_text("utf-8", "replace") if path and path.exists() else ""
            assert not _UNSUSPENDED.sub("", said), said[:6000]

    # --- inside -----------------------------------------------------------------------------

    def _run(self, *arguments):
        done = subprocess.run(
            [self._program, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            stdin=subprocess.DEVNULL,
            check=False,
            env=self._environment,
        )
        assert not _SANITIZER.search(done.stderr), done.stderr
        return Done(done)

    def _end_of_log(self):
        return self.err_text[-2000:]

    def _gone(self):
        """Nothing that it had started may be there after it."""
        left = _session_lives(self._process.pid)
        if left:
            self._end_quietly()
        assert not left, "it ended, and left a process behind"

    def _end_quietly(self):
        self._process.kill()
        self._process.wait()
        end = time.monotonic() + 5
        while _session_lives(self._process.pid) and time.monotonic() < end:
            time.sleep(0.02)


def http_get(url, headers=None):
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.headers, answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode("utf-8")


def children(pid):
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()))
    except OSError:
        return []


def comm(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return None


def role(pid):
    """`courier-0`, by its command line; None of another process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    if "--role" not in words:
        return None
    return f"{words[words.index('--role') + 1]}-{words[words.index('--slot') + 1]}"


def parse_logfmt(line):
    """One line; a value in quotes has its quotes and backslashes escaped by a backslash."""
    try:
        words = shlex.split(line)
    except ValueError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _sanitizer_file(environment, pid):
    """Where the sanitizers were told to write about this process, if they were."""
    found = re.search(r"log_path=([^:]+)", environment.get("ASAN_OPTIONS", ""))
    return Path(f"{found.group(1)}.{pid}") if found else None


def _session_lives(session):
    """Whether any process of a session that we started is still running (zombies are not)."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text("utf-8", "replace")
        except OSError:
            continue
        fields = stat.rsplit(")", 1)[1].split()
        if fields[0] not in "ZX" and int(fields[3]) == session:
            return True
    return False


def _end_with_parent():
    # Should the test be killed, Weir goes down with it, and takes its Redis along.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
