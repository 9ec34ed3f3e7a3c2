"""Proofs inside a post (FEP-8b32, eddsa-jcs-2022), and the canonical JSON (RFC 8785) they need.

A proof belongs to the author: whoever carries the post on cannot make it, and cannot change a
letter of the post without breaking it.
"""

import hashlib
import json
import math
import re

from cryptography.exceptions import InvalidSignature

from peers import keys

CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v1"]
_SUITE = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
}


class ProofError(Exception):
    """Why a proof is not believed, in a few words."""


# --- canonical JSON -------------------------------------------------------------------------


def canonical(value):
    """RFC 8785: the one way to write this value, as UTF-8 bytes."""
    return _canonical(value).encode("utf-8")


def _canonical(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return es6_number(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    # UTF-16 code units, not code points: they order differently above U+FFFF.
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_string(name)}:{_canonical(value[name])}" for name in names) + "}"


def _string(text):
    text.encode("utf-8")  # a lone surrogate has no canonical form: UnicodeEncodeError
    return json.dumps(text, ensure_ascii=False)


def es6_number(value):
    """A number as ECMAScript prints it: the digits are Python's, the layout is not."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("JSON has no such number")
    if number == 0:
        return "0"
    sign, digits, exponent = _digits(number)
    point = len(digits) + exponent
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return sign + text


def _digits(number):
    """Sign, shortest digits that read back as this double, and the power of ten behind them."""
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?", repr(number))
    sign, whole, fraction, power = match.groups()
    digits, exponent = whole + (fraction or ""), int(power or 0) - len(fraction or "")
    stripped = digits.lstrip("0").rstrip("0")
    trailing = len(digits.lstrip("0")) - len(stripped)
    return sign, stripped, exponent + trailing


# --- proofs ---------------------------------------------------------------------------------


def add_proof(document, method, key, created):
    """A copy of the document with the author's proof; `method` is the id of the Ed25519 key."""
    bare = _without_proof(document)
    config = {"@context": bare["@context"], **_SUITE, "verificationMethod": method,
              "created": created}
    proof = {**config, "proofValue": "z" + keys.base58_encode(key.sign(_hash(config, bare)))}
    return {**bare, "proof": proof}


def method_of(document):
    """The id of the key that made the document's proof; ProofError where the proof has no shape."""
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise ProofError("the proof is not one object")
    if any(proof.get(name) != value for name, value in _SUITE.items()):
        raise ProofError("not an eddsa-jcs-2022 proof for an assertion")
    method = proof.get("verificationMethod")
    if not isinstance(method, str):
        raise ProofError("the proof names no key")
    return method


def check_proof(document, public_key):
    """Raises ProofError unless this key made the document's proof over exactly this document."""
    method_of(document)
    bare, proof = _without_proof(document), document["proof"]
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in config:
        # The document may have gained contexts behind the author's own, never before them.
        ours, its = _list(config["@context"]), _list(bare.get("@context"))
        if its[: len(ours)] != ours:
            raise ProofError("the context is not the one that was signed")
        bare["@context"] = config["@context"]
    try:
        value = proof["proofValue"]
        if not value.startswith("z"):
            raise ValueError
        public_key.verify(keys.base58_decode(value[1:]), _hash(config, bare))
    except (KeyError, AttributeError, ValueError):
        raise ProofError("the proofValue is not base58") from None
    except InvalidSignature:
        raise ProofError("the proof does not fit the post") from None


def _without_proof(document):
    return {k: v for k, v in document.items() if k not in ("proof", "signature")}


def _hash(config, document):
    return hashlib.sha256(canonical(config)).digest() + hashlib.sha256(canonical(document)).digest()


def _list(value):
    return value if isinstance(value, list) else [value]
