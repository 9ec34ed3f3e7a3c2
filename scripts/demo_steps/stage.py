"""Who takes part in the demo: Weir, four departments, a partner and a stranger.

Also what `--break` breaks. Nothing of it is a switch inside Weir: a key file is exchanged behind
its members' backs, a rule loses its condition, or the receivers' lines are cut."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from demo_steps.relay import Relay
from peers import keys
from peers.program import PeerGone, Program, free_host

_ROOT = Path(__file__).resolve().parent.parent.parent
_TRIES = 5


class Stage:
    """Everyone who takes part, started in `set_up` and gone after `clear`."""

    def __init__(self, broken=None):
        self.broken = broken
        # A broken delivery would be waited for at every check; there is no need to wait long.
        self.patience = 2.0 if broken else 30.0
        self.directory = Path(tempfile.mkdtemp(prefix="weir-demo-"))
        program = os.environ.get("WEIR_BIN", _ROOT / "build" / "weir")
        self.relay = Relay(program, self.directory / "weir", open_gate=broken == "rule")
        self.servers = {}
        self.story = None  # the id of a post to tell of

    def set_up(self):
        self.relay.directory.mkdir()
        self.relay.init()
        old_key = self._exchange_key() if self.broken == "key" else None
        self.relay.start()
        self._python("blog", "blog", "91")
        self._python("wiki", "wiki", "91")
        self._fedify("bookmarks", "91")
        self._python("forum", "social", "91")
        self._python("partner", "social", "92")
        self._python("stranger", "social", "93")
        if old_key:
            self._pin(old_key)

    def clear(self):
        """Stops everybody; true if Weir ended as it should."""
        for server in self.servers.values():
            server.stop()
        self.servers = {}
        return self.relay.stop()

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def __getattr__(self, name):
        """The servers by their names: stage.blog, stage.partner."""
        servers = self.__dict__.get("servers", {})
        if name not in servers:
            raise AttributeError(f"nobody called {name} is on the stage")
        return servers[name]

    def departments(self, *, but=()):
        """Those that follow the public collection. The forum, which follows the relay's actor, is
        told of things in another way."""
        return {name: self.servers[name] for name in ("blog", "wiki", "bookmarks")
                if name not in but}

    def cut_lines(self):
        """From now on the receivers' lines go dead as soon as somebody delivers."""
        for name in ("blog", "wiki", "forum", "partner"):
            self.servers[name].do("fault", path="/inbox", cut=True)

    def settle(self, seconds=0.5):
        """Gives what must not arrive the time to arrive."""
        time.sleep(seconds)

    def save(self, name, activity):
        """Writes an activity to a file, for the operator to ask about."""
        path = self.directory / f"{name}.json"
        path.write_text(activity if isinstance(activity, str) else json.dumps(activity), "utf-8")
        return path

    # --- servers ----------------------------------------------------------------------------

    def _python(self, name, kind, prefix):
        self.servers[name] = _on_free_port(
            prefix, lambda host: Program.python(host, kind, self.directory / name)
        )

    def _fedify(self, name, prefix):
        node, node_dir = os.environ.get("WEIR_NODE"), os.environ.get("WEIR_NODE_DIR")
        if not node or not node_dir:
            raise OSError("WEIR_NODE and WEIR_NODE_DIR are not set: start scripts/demo")
        self.servers[name] = _on_free_port(
            prefix, lambda host: Program.fedify(host, name, self.directory / name, node, node_dir)
        )

    # --- a key exchanged on purpose ---------------------------------------------------------

    def _exchange_key(self):
        """Puts another key in Weir's place; answers the public half of the one that was there."""
        path = self.relay.key_file
        old = keys.load_private_pem(path.read_bytes())
        path.unlink()
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(keys.private_pem(keys.ActorKeys().rsa))
        return keys.public_pem(old.public_key())

    def _pin(self, pem):
        """The members hold the key that they were once given."""
        for name in ("blog", "wiki", "forum", "partner"):
            self.servers[name].do(
                "pin", key_id=f"{self.relay.actor}#main-key", owner=self.relay.actor, pem=pem
            )


def _on_free_port(prefix, start):
    """Starts a server; again on another port where somebody else was faster."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(PeerGone):
            return start(free_host(prefix))
    return start(free_host(prefix))
