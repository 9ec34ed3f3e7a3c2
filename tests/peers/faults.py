"""What can go wrong at a peer's door, on purpose."""

import asyncio
import dataclasses
import threading

from aiohttp import web


@dataclasses.dataclass
class Fault:
    """One fault: for requests whose path starts with `path`, `times` times or until cleared.

    `status` answers at once (with `headers` and `body`); `delay` waits first and then goes on as
    usual where no status is given; `hang` never answers; `cut` closes without an answer."""

    path: str = "/inbox"
    method: str = None
    status: int = None
    headers: dict = dataclasses.field(default_factory=dict)
    body: str = ""
    delay: float = 0
    hang: bool = False
    cut: bool = False
    times: int = None

    def fits(self, method, path):
        return path.startswith(self.path) and self.method in (None, method) and self.times != 0

    @property
    def name(self):
        if self.hang or self.cut:
            return "hang" if self.hang else "cut"
        return f"status {self.status}" if self.status else f"delay {self.delay}"

    async def play(self, request):
        """The answer that the fault gives; None where the request goes on as usual."""
        if self.times is not None:
            self.times -= 1
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.hang:
            await asyncio.sleep(3600)
        if self.cut and request.transport:
            request.transport.abort()
        if self.status or self.cut:
            body = self.body.encode("utf-8")
            return web.Response(status=self.status or 500, headers=self.headers, body=body)
        return None


@dataclasses.dataclass
class Pause(Fault):
    """A delay that says when it has begun."""

    began: threading.Event = dataclasses.field(default_factory=threading.Event)

    async def play(self, request):
        self.began.set()
        return await super().play(request)


@dataclasses.dataclass
class Held(Fault):
    """Answers when it is let go, not before."""

    let_go: threading.Event = dataclasses.field(default_factory=threading.Event)

    async def play(self, request):
        while not self.let_go.is_set():
            await asyncio.sleep(0.02)
        return await super().play(request)


def first_fitting(faults, method, path):
    return next((fault for fault in faults if fault.fits(method, path)), None)
