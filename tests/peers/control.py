"""A peer as a program: one JSON command a line on standard input, one JSON answer a line.

The commands are the same for every implementation of a peer (README.md beside this file). The end
of the input ends the program, so a peer never outlives whoever started it.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import threading

import aiohttp

from peers import forgeries
from peers.faults import Fault
from peers.wire import read_json


def arguments(description):
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--kind", default="blog", choices=("blog", "wiki", "bookmarks", "social"))
    parser.add_argument("--dir", required=True, help="keeps the keys and record.jsonl")
    parser.add_argument("--scheme", default="cavage", choices=("cavage", "rfc9421"))
    parser.add_argument("--instance", default="Application", help="the instance actor's type")
    return parser.parse_args()


async def obey(peer):
    """Runs commands until the input ends."""
    lines = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    _say({"ready": peer.host})
    while (line := await lines.get()) is not None:
        if line.strip():
            _say(await _run(peer, line))


async def _run(peer, line):
    try:
        command = read_json(line.encode("utf-8"))
        answer = await _COMMANDS[command.pop("do")](peer, **command)
        return {"ok": True, **answer}
    except (aiohttp.ClientError, ValueError, KeyError, TypeError, OSError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _say(answer):
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def _outcome(sent):
    body = sent.request.body
    return {
        "id": sent.id,
        "object": sent.object_id,
        "body": body.decode("utf-8"),
        "sha256": hashlib.sha256(body).hexdigest(),
        **_answer(sent.answer),
    }


def _answer(answer):
    return {
        "status": answer.status,
        "type": answer.headers.get("Content-Type", ""),
        "answer": answer.text,
    }


def _sender(name):
    async def run(peer, **command):
        first = [key for key in ("relay", "object", "activity", "text") if key in command]
        what = [command.pop(key) for key in first]
        return _outcome(await getattr(peer, name)(*what, **command))

    return run


async def _posts(peer):
    return {"posts": list(peer.inbox.posts.values())}


async def _state(peer):
    return {"state": (peer.inbox.followed or {}).get("state"), "received": len(peer.records)}


async def _down(peer):
    await peer.down()
    return {}


async def _up(peer):
    await peer.up()
    return {}


async def _fault(peer, **fault):
    peer.faults.append(Fault(**fault))
    return {}


async def _clear(peer):
    peer.faults.clear()
    return {}


async def _pin(peer, key_id, owner, pem):
    peer.judge.pin(key_id, owner, pem)
    return {}


async def _rotate(peer, who="alice"):
    peer.rotate(who)
    return {}


async def _forge(peer, how, victim="", inbox=None):
    request = forgeries.ALL[how](peer, inbox or peer.relay_inbox, victim)
    return {"sent": request.body.decode("utf-8"), **_answer(await peer.transmit(request))}


async def _twice(peer, text, **how):
    """The very same request, byte for byte, two times."""
    first = await peer.post(text, **how)
    second = await peer.transmit(first.request)
    return {**_outcome(first), "again": _answer(second)}


async def _write(peer, text, **how):
    """A post that is there to be read, and of which nobody was told yet."""
    activity = peer.write(text, **how)
    return {"id": activity["id"], "object": activity["object"]["id"]}


async def _tell(peer, activity):
    """Sends an activity of ours, as often as asked; status 0 where nobody answered."""
    known = next(one for one in peer.sent_activities if one["id"] == activity)
    try:
        return _outcome(await peer.send(known))
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        return {"id": activity, "status": 0, "type": "", "answer": f"{type(error).__name__}: {error}"}


_COMMANDS = {
    **{name: _sender(name) for name in ("follow", "unfollow", "post", "edit", "remove",
                                        "announce", "undo", "point")},
    "write": _write,
    "tell": _tell,
    "posts": _posts,
    "state": _state,
    "down": _down,
    "up": _up,
    "fault": _fault,
    "clear": _clear,
    "pin": _pin,
    "rotate": _rotate,
    "forge": _forge,
    "twice": _twice,
}
