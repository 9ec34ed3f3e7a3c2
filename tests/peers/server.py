"""The listening half of a peer: reads a request, judges it, acts on it, records it, answers."""

import asyncio
import time
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from peers import documents, faults, pages, records, signing
from peers.ports import free_port
from peers.wire import ACTIVITY_JSON, Request, id_of, read_json


class Server:
    """One peer's door. `stop` and `start` take it down and bring it up on the same port."""

    def __init__(self, peer):
        self._peer = peer
        self._number = 0
        self._http = None
        self._listening = None

    async def start(self):
        host, port = self._peer.host.rsplit(":", 1)
        port = int(port) or free_port(host)
        self._http = web.Server(self._handle, access_log=None)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._http, host, port)
        return f"{host}:{port}"

    async def stop(self):
        """Closes the port and every connection; whoever calls meanwhile is refused."""
        if self._listening:
            self._listening.close()
            await self._http.shutdown(timeout=0.2)
            self._listening = None

    async def _handle(self, incoming):
        body = await incoming.content.read()
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in incoming.raw_headers]
        url = self._peer.origin + incoming.raw_path
        request = Request(incoming.method, url, headers, body)
        self._number += 1
        record = records.describe(self._number, request)
        answer = None
        fault = faults.first_fitting(self._peer.faults, request.method, request.target)
        if fault:
            record["did"] = f"fault: {fault.name}"
            if fault.hang or fault.cut or fault.status:
                # Nothing else will be done with it: recorded before the line goes dead.
                await self._peer.records.add({**record, "status": fault.status})
                return await fault.play(incoming)
            await fault.play(incoming)
        if request.method == "POST" and request.target == "/write":
            answer = await self._write(request, record)
        elif request.method == "POST":
            answer = await self._post(request, record)
        else:
            answer = await self._get(request, record)
        took = round(time.time() - record["at"], 6)
        await self._peer.records.add({**record, "status": answer.status, "took_s": took})
        return answer

    # --- inbox ------------------------------------------------------------------------------

    async def _post(self, request, record):
        if not request.target.endswith("inbox"):
            record["did"] = "refused: no such inbox"
            return _refusal(404, "there is no inbox here")
        verdict = await self._peer.judge.signature(request)
        record["signature"] = verdict.record
        record["digest"] = signing.digest_verdict(request)
        record["proof"] = {"verdict": "none"}
        try:
            activity = read_json(request.body)
        except ValueError as error:
            record["did"] = f"refused: {error}"
            return _refusal(400, str(error))
        if not isinstance(activity, dict):
            record["did"] = "refused: not an object"
            return _refusal(400, "the body is not an object")
        record["activity"] = {name: id_of(activity.get(name)) for name in ("id", "actor", "object")}
        record["activity"]["type"] = activity.get("type")
        record["proof"] = await self._peer.judge.proof(activity)
        if verdict.signer is None:
            record["did"] = "refused: " + verdict.record.get("why", "not signed")
            return _refusal(401, record["did"])
        proof_ok = record["proof"]["verdict"] == "ok"
        record["did"], record["object"] = await self._peer.inbox.take(
            activity, verdict.signer, proof_ok
        )
        return web.Response(status=202)

    async def _write(self, request, record):
        """The form of the page for people: a post is written and sent to the relay."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8")).items()}
        record["did"] = "written"
        await self._peer.post(
            form.get("text", ""),
            form.get("title"),
            tags=form.get("tags", "").replace("#", "").split(),
            proof="proof" in form,
        )
        return web.Response(status=303, headers={"Location": "/"})

    # --- documents --------------------------------------------------------------------------

    async def _get(self, request, record):
        path = urlsplit(request.url).path
        if path == "/actor":
            # Never judged: two servers that each ask for the other's key first would wait for ever.
            record["signature"] = {"verdict": "not asked"}
        else:
            record["signature"] = (await self._peer.judge.signature(request)).record
        if path in self._peer.documents and self._must_sign(path, record):
            record["did"] = "refused: documents are for signed requests here"
            return _refusal(401, "sign your request")
        record["did"] = "served"
        if path in self._peer.documents:
            status, document = self._peer.documents[path]
            return _json(document, ACTIVITY_JSON, status)
        answer = self._well_known(path, request)
        if answer is None:
            record["did"] = "nothing there"
            return _refusal(404, "nothing there")
        return answer

    def _must_sign(self, path, record):
        signed = record["signature"]["verdict"] == "ok"
        return self._peer.authorized_fetch and path != "/actor" and not signed

    def _well_known(self, path, request):
        peer = self._peer
        if path == "/.well-known/webfinger":
            resource = parse_qs(urlsplit(request.url).query).get("resource", [""])[0]
            actors = {name: actor.id for name, actor in peer.actors.items()}
            found = documents.webfinger(peer.origin, peer.host, resource, actors)
            return _json(found, "application/jrd+json") if found else None
        if path == "/.well-known/nodeinfo":
            return _json(documents.nodeinfo_index(peer.origin), "application/json")
        if path == "/nodeinfo/2.1":
            posts = sum(1 for status, _ in peer.documents.values() if status == 200)
            found = documents.nodeinfo(peer.software, len(peer.actors) - 1, posts)
            return _json(found, "application/json")
        if path.endswith(("/outbox", "/followers", "/following")):
            return _json(documents.collection(peer.origin + path), ACTIVITY_JSON)
        return self._for_people(path)

    def _for_people(self, path):
        if path == "/":
            text = pages.home(self._peer, time.time())
            return web.Response(text=text, content_type="text/html")
        if path == "/records":
            text = pages.records(self._peer.records)
            return web.Response(text=text, content_type="text/plain")
        return None


def _json(document, content_type, status=200):
    response = web.json_response(document, status=status, content_type=content_type)
    response.headers["Vary"] = "Accept, Signature"
    return response


def _refusal(status, why):
    return web.json_response({"error": why}, status=status)
