"""A peer's own opinion of a request: is the HTTP signature real, is the author's proof?

Keys are fetched from where their ids point, and trusted only if the actor found there lists the
key as its own. A key is kept; when a signature does not fit it, it is fetched once more, unless
it was pinned.
"""

import dataclasses
import time
from urllib.parse import urldefrag

from peers import keys, proofs, signing
from peers.wire import id_of

WINDOW_S = 3600


class KeyUnavailable(Exception):
    """The key's document cannot be had, or does not vouch for the key."""


@dataclasses.dataclass
class Verdict:
    """`record` goes into the peer's record; `signer` is the actor whose key signed, or None."""

    record: dict
    signer: str = None


class Judge:
    """Keeps the keys of others. `fetch(url)` is given: it answers a document or raises."""

    def __init__(self, authority, fetch, clock=time.time):
        self._authority = authority
        self._fetch = fetch
        self._clock = clock
        self._keys = {}
        self._pinned = set()

    def pin(self, key_id, owner, pem):
        """Believe this key for this id from now on, whatever its document says."""
        self._keys[key_id] = (owner, keys.load_public_pem(pem))
        self._pinned.add(key_id)

    def forget(self):
        """Empties the key cache, pins included."""
        self._keys.clear()
        self._pinned.clear()

    async def signature(self, request):
        """Who signed this request? Every check of our own, the cheap ones first."""
        try:
            claim = signing.read_claim(request)
        except signing.SignatureError as error:
            return Verdict({"verdict": "bad", "why": str(error)})
        if claim is None:
            return Verdict({"verdict": "missing"})
        record = {
            "verdict": "bad",
            "scheme": claim.scheme,
            "key_id": claim.key_id,
            "covered": list(claim.covered),
        }
        try:
            self._check_frame(request, claim)
            signer = await self._check_key(claim)
        except (signing.SignatureError, KeyUnavailable) as error:
            return Verdict({**record, "why": str(error)})
        return Verdict({**record, "verdict": "ok", "signer": signer}, signer)

    def _check_frame(self, request, claim):
        now = self._clock()
        if request.get("host") != self._authority:
            raise signing.SignatureError(f"the host is not {self._authority}")
        if abs(now - claim.when) > WINDOW_S or claim.expires < now:
            raise signing.SignatureError("its time is outside the window")
        if request.body and signing.digest_verdict(request) != "ok":
            raise signing.SignatureError("the digest does not match the body")

    async def _check_key(self, claim):
        known = claim.key_id in self._keys
        owner, public_key = await self._key(claim.key_id)
        try:
            claim.check(public_key)
        except signing.SignatureError:
            if not known or claim.key_id in self._pinned:
                raise
            del self._keys[claim.key_id]
            owner, public_key = await self._key(claim.key_id)
            claim.check(public_key)
        return owner

    async def _key(self, key_id):
        if key_id not in self._keys:
            self._keys[key_id] = await self._fetch_key(key_id)
        return self._keys[key_id]

    async def _fetch_key(self, key_id):
        document = await self._document(urldefrag(key_id).url)
        if "publicKeyPem" in document:
            # A key with a document of its own: its owner must list it.
            document = await self._document(document.get("owner", ""))
        key = document.get("publicKey")
        if not isinstance(key, dict) or key.get("id") != key_id:
            raise KeyUnavailable("the actor does not list this key")
        if key.get("owner") != document.get("id"):
            raise KeyUnavailable("the key belongs to somebody else")
        try:
            return document["id"], keys.load_public_pem(key["publicKeyPem"])
        except (KeyError, ValueError) as error:
            raise KeyUnavailable(f"the key cannot be read: {error}") from None

    async def _document(self, url):
        try:
            return await self._fetch(url)
        except Exception as error:
            raise KeyUnavailable(f"{url}: {error}") from None

    async def proof(self, document):
        """The author's own proof: made with a key that the activity's actor lists?"""
        if not isinstance(document, dict) or "proof" not in document:
            return {"verdict": "none"}
        record = {"verdict": "bad"}
        try:
            record["method"] = method = proofs.method_of(document)
            author = id_of(document.get("actor"))
            proofs.check_proof(document, await self._assertion_key(author, method))
        except (proofs.ProofError, KeyUnavailable) as error:
            return {**record, "why": str(error)}
        return {**record, "verdict": "ok"}

    async def _assertion_key(self, author, method):
        actor = await self._document(author or "")
        methods = actor.get("assertionMethod") or []
        for entry in methods if isinstance(methods, list) else [methods]:
            if id_of(entry) == method and isinstance(entry, dict):
                if entry.get("controller") != author or actor.get("id") != author:
                    raise KeyUnavailable("the proof's key belongs to somebody else")
                try:
                    return keys.load_multibase(entry.get("publicKeyMultibase", ""))
                except ValueError as error:
                    raise KeyUnavailable(str(error)) from None
        raise KeyUnavailable("the author does not list the proof's key")
