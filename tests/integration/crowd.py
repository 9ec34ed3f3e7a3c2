"""The members of a load, as processes that nobody kills: each serves some of the hosts, by a program
such as kill_peer.py.

    with Crowd(PROGRAM, directory, relay, groups) as crowd:    # every host holds its Accept
        crowd.tell("go")
        crowd.tell("stop")
        for said in crowd.answers():
            ...
"""

import json
import subprocess
import sys

END_S = 5  # so long a process may take for its end


class Crowd:
    """`groups`: of each process, its hosts, as its program takes them, and the seconds that they
    take for an answer; `pace`: seconds between two posts of a lane."""

    def __init__(self, program, directory, relay, groups, *, pace=0):
        self._program, self._directory, self._relay = program, directory, relay
        # A process for nobody has nothing to say.
        self._groups = [(hosts, delay) for hosts, delay in groups if hosts]
        self._pace = pace
        self._processes = []

    def __enter__(self):
        try:
            self._processes += [self._start(*group) for group in self._groups]
            for said in self.answers():
                assert "joined" in said
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.stdin.close()
        for process in self._processes:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def _start(self, hosts, delay):
        relay = self._relay
        settings = {
            "relay": {"host": relay.host, "actor": relay.actor, "inbox": relay.inbox},
            "keys": str(self._directory), "logs": str(self._directory), "pace": self._pace,
            "delay": delay, "hosts": hosts,
        }
        return subprocess.Popen([sys.executable, str(self._program), json.dumps(settings)],
                                text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, word):
        for process in self._processes:
            process.stdin.write(word + "\n")
            process.stdin.flush()

    def signal(self, what):
        """To the last of them alone."""
        self._processes[-1].send_signal(what)

    def answers(self):
        """The next line of each."""
        for process in self._processes:
            line = process.stdout.readline()
            assert line, "a member has ended"
            yield json.loads(line)
