"""Several peers beside a test that is not asynchronous itself.

    with Town() as town:
        blog = town.add(kind="blog")
        blog.follow("http://127.0.0.1:8080/actor")
        blog.records.wait_for(activity__type="Accept")

A peer of a town is a Peer whose coroutines are ordinary functions.
"""

import asyncio
import inspect
import threading

from peers.peer import Peer


class Town:
    """Runs its peers on one event loop in a thread of its own; closes them all at the end."""

    def __init__(self, patience=90.0):
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._peers = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for peer in self._peers:
            self.run(peer.close())
        self.run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, *arguments, **named):
        """A started peer; takes what Peer takes."""
        peer = Peer(*arguments, **named)
        self._peers.append(peer)
        self.run(peer.start())
        return _Plain(peer, self)

    def run(self, coroutine, timeout=None):
        """Runs a coroutine on the town's loop and waits for its result."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(timeout or self._patience)

    def together(self, *coroutines):
        """Runs several at once; their results in order."""

        async def all_of_them():
            return await asyncio.gather(*coroutines)

        return self.run(all_of_them())


async def _cancel_the_rest():
    """What still waits, such as a request that a fault never answers."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


class _Plain:
    """Stands before an object: its coroutine functions become plain ones."""

    def __init__(self, inner, town):
        self.__dict__["inner"] = inner
        self.__dict__["_town"] = town

    def __getattr__(self, name):
        value = getattr(self.inner, name)
        if inspect.iscoroutinefunction(value):
            return lambda *arguments, **named: self._town.run(
                value(*arguments, **named), named.get("timeout", 60) + 30
            )
        if name in ("records", "judge", "inbox"):
            return _Plain(value, self._town)
        return value

    def __setattr__(self, name, value):
        setattr(self.inner, name, value)

    def __iter__(self):
        return iter(self.inner)

    def __len__(self):
        return len(self.inner)
