"""What a peer saw: one JSON line for each request it received, written before it answers.

The fields are the same for every implementation of a peer (README.md beside this file):

    n, at, method, path, headers      what arrived
    body or body_base64, sha256       the bytes, exactly
    signature {verdict, scheme, key_id, signer, covered, why}
    digest    ok | missing | mismatch
    proof     {verdict, method, why}  verdict: ok | bad | none
    activity  {id, type, actor, object}
    did, object, status, took_s       what the peer then did, to what, its answer, how long it took
"""

import asyncio
import base64
import hashlib
import json
import time
from pathlib import Path


def describe(number, request):
    """The part of a record that says what arrived."""
    record = {
        "n": number,
        "at": round(time.time(), 6),
        "method": request.method,
        "path": request.target,
        "headers": [list(pair) for pair in request.headers],
        "sha256": hashlib.sha256(request.body).hexdigest(),
    }
    try:
        record["body"] = request.body.decode("utf-8")
    except UnicodeDecodeError:
        record["body_base64"] = base64.b64encode(request.body).decode("ascii")
    return record


def body_of(record):
    """The bytes that a record holds."""
    if "body" in record:
        return record["body"].encode("utf-8")
    return base64.b64decode(record["body_base64"])


def read(path):
    """The records in a file, as far as they are complete lines."""
    path = Path(path)
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


class Records:
    """The records of one peer: a list in memory, and the same in a file where a path is given."""

    def __init__(self, path=None):
        self.all = []
        self._file = open(path, "a", encoding="utf-8", buffering=1) if path else None
        self._changed = asyncio.Condition()

    def __iter__(self):
        return iter(self.all)

    def __len__(self):
        return len(self.all)

    async def add(self, record):
        self.all.append(record)
        if self._file:
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        async with self._changed:
            self._changed.notify_all()

    def where(self, **wanted):
        """The records whose fields equal these; `activity__type="Create"` looks one level down."""
        return [record for record in self.all if matches(record, **wanted)]

    async def wait_for(self, count=1, timeout=60.0, **wanted):
        """The first `count` records that match, as soon as there are so many; else TimeoutError."""

        async def enough():
            async with self._changed:
                await self._changed.wait_for(lambda: len(self.where(**wanted)) >= count)

        try:
            await asyncio.wait_for(enough(), timeout)
        except asyncio.TimeoutError:
            found = len(self.where(**wanted))
            raise TimeoutError(f"{found} of {count} records with {wanted} in {timeout} s") from None
        return self.where(**wanted)[:count]

    def close(self):
        if self._file:
            self._file.close()


def matches(record, **wanted):
    for name, value in wanted.items():
        found = record
        for step in name.split("__"):
            found = found.get(step) if isinstance(found, dict) else None
        if found != value:
            return False
    return True
