"""HTTP signatures, both ways: draft-cavage-12 and RFC 9421. No network and no clock in here.

Signing fills a Request's headers. Verifying comes in two halves, because the key must be fetched
in between: `read_claim` parses what the request says about itself and builds the signed text,
`Claim.check` then proves it with a public key. Whatever is wrong is a SignatureError that says why.
"""

import dataclasses
import hashlib
import re
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature

from peers import keys
from peers.wire import b64, http_date, parse_http_date, unb64

CAVAGE_POST = "(request-target) host date digest content-type"
CAVAGE_GET = "(request-target) host date"
RFC9421_POST = ("@method", "@target-uri", "content-digest")
RFC9421_GET = ("@method", "@target-uri")


class SignatureError(Exception):
    """Why a signature is not believed, in a few words."""


@dataclasses.dataclass
class Claim:
    """What a signed request says: who signed, what is covered, when, and the exact signed text."""

    scheme: str
    key_id: str
    covered: tuple
    when: float
    expires: float
    base: bytes
    signature: bytes

    def check(self, public_key):
        try:
            keys.verify(public_key, self.signature, self.base)
        except InvalidSignature:
            raise SignatureError("the signature does not fit the key") from None


# --- digests --------------------------------------------------------------------------------


def digest(body):
    return "SHA-256=" + b64(hashlib.sha256(body).digest())


def content_digest(body):
    return f"sha-256=:{b64(hashlib.sha256(body).digest())}:"


def digest_verdict(request):
    """`ok`, `missing` or `mismatch`: the body against whichever digest headers there are."""
    expected = hashlib.sha256(request.body).digest()
    given = [
        *re.findall(r"(?i)(?:^|,)\s*sha-256=([A-Za-z0-9+/=]+)", request.get("digest") or ""),
        *re.findall(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):", request.get("content-digest") or ""),
    ]
    if not given:
        return "missing"
    return "ok" if all(value == b64(expected) for value in given) else "mismatch"


# --- draft-cavage-12 ------------------------------------------------------------------------


def sign_cavage(request, key_id, key, when, covered=None, algorithm="rsa-sha256"):
    """Adds Host, Date, Digest (with a body) and Signature. `covered` is the `headers` parameter."""
    request.set("Host", request.authority)
    request.set("Date", http_date(when))
    if request.body:
        request.set("Digest", digest(request.body))
    if covered is None:
        covered = CAVAGE_POST if request.body else CAVAGE_GET
    signature = b64(keys.sign(key, _cavage_base(request, covered.split(), {})))
    request.set(
        "Signature",
        f'keyId="{key_id}",algorithm="{algorithm}",headers="{covered}",signature="{signature}"',
    )
    return request


def _cavage_base(request, names, parameters):
    lines = []
    for name in names:
        if name == "(request-target)":
            value = f"{request.method.lower()} {request.target}"
        elif name in ("(created)", "(expires)"):
            value = parameters.get(name.strip("()"))
        else:
            value = request.get(name)
        if value is None:
            raise SignatureError(f"{name} is covered but absent")
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode("utf-8")


def _cavage_parameters(text):
    parameters, rest = {}, text.strip()
    pattern = re.compile(r'\s*([A-Za-z]+)=(?:"([^"]*)"|(\d+))\s*(?:,|$)')
    while rest:
        match = pattern.match(rest)
        if not match:
            raise SignatureError("the Signature header cannot be parsed")
        name = match.group(1)
        if name in parameters:
            raise SignatureError(f"the parameter {name} stands twice")
        parameters[name] = match.group(2) if match.group(2) is not None else match.group(3)
        rest = rest[match.end() :]
    return parameters


def _read_cavage(request):
    lines = request.all("signature")
    if len(lines) != 1:
        raise SignatureError("more than one Signature header")
    parameters = _cavage_parameters(lines[0])
    if not {"keyId", "signature"} <= parameters.keys():
        raise SignatureError("keyId or signature is missing")
    names = parameters.get("headers", "date").lower().split()
    needed = {"(request-target)", "host"} | ({"digest"} if request.body else set())
    if not needed <= set(names):
        raise SignatureError(f"not covered: {' '.join(sorted(needed - set(names)))}")
    if "date" in names:
        when = _time(request.get("date"), parse_http_date)
    elif "(created)" in names:
        when = _time(parameters.get("created"), int)
    else:
        raise SignatureError("neither date nor (created) is covered")
    expires = _time(parameters.get("expires", "inf"), float)
    base = _cavage_base(request, names, parameters)
    signature = _base64(parameters["signature"])
    return Claim("cavage", parameters["keyId"], tuple(names), when, expires, base, signature)


# --- RFC 9421 -------------------------------------------------------------------------------


def sign_rfc9421(request, key_id, key, when, covered=None, label="sig1", extra=""):
    """Adds Host, Date, Content-Digest (with a body), Signature-Input and Signature.

    `extra` is appended to the signature parameters as it stands (`;nonce="x"`, `;expires=1`)."""
    request.set("Host", request.authority)
    request.set("Date", http_date(when))
    if request.body:
        request.set("Content-Digest", content_digest(request.body))
    if covered is None:
        covered = RFC9421_POST if request.body else RFC9421_GET
    inner = " ".join(f'"{name}"' for name in covered)
    algorithm = "ed25519" if not hasattr(key, "key_size") else "rsa-v1_5-sha256"
    params = f'({inner});created={int(when)};keyid="{key_id}";alg="{algorithm}"{extra}'
    signature = keys.sign(key, _rfc9421_base(request, covered, params))
    request.set("Signature-Input", f"{label}={params}")
    request.set("Signature", f"{label}=:{b64(signature)}:")
    return request


def _component(request, name):
    parts = urlsplit(request.url)
    derived = {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": parts.netloc.lower(),
        "@scheme": parts.scheme,
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
        "@request-target": request.target,
    }
    value = derived.get(name) if name.startswith("@") else request.get(name)
    if value is None:
        raise SignatureError(f"{name} is covered but absent")
    return value


def _rfc9421_base(request, names, params):
    if len(set(names)) != len(names):
        raise SignatureError("a component is covered twice")
    lines = [f'"{name}": {_component(request, name)}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("utf-8")


def _read_rfc9421(request):
    input_match = re.fullmatch(r'([a-z*][a-z0-9_.*-]*)=(\((?:[^()"]|"[^"]*")*\)(.*))',
                               request.get("signature-input"))
    if not input_match:
        raise SignatureError("Signature-Input cannot be parsed, or has more than one label")
    label, params, tail = input_match.groups()
    inner = params[1 : len(params) - len(tail) - 1]
    names = tuple(re.findall(r'"([^"]*)"', inner))
    if " ".join(f'"{name}"' for name in names) != inner.strip():
        raise SignatureError("a component has parameters, or the list cannot be parsed")
    values = {k: text or number for k, text, number in
              re.findall(r';\s*([a-z]+)=(?:"([^"]*)"|(-?\d+))', tail)}
    covered = set(names)
    target = "@target-uri" in covered or {"@authority", "@path"} <= covered
    if "@method" not in covered or not target:
        raise SignatureError("@method or the target is not covered")
    if request.body and "content-digest" not in covered:
        raise SignatureError("not covered: content-digest")
    if "keyid" not in values or "created" not in values:
        raise SignatureError("keyid or created is missing")
    value = re.fullmatch(re.escape(label) + r"=:([^:]*):", request.get("signature") or "")
    if not value:
        raise SignatureError("no Signature of that label")
    return Claim("rfc9421", values["keyid"], names, _time(values["created"], int),
                 _time(values.get("expires", "inf"), float),
                 _rfc9421_base(request, names, params), _base64(value.group(1)))


# --- both -----------------------------------------------------------------------------------


def read_claim(request):
    """What the request claims, or None where it is not signed at all.

    With a Signature-Input it is RFC 9421 and nothing else: falling back would be a downgrade."""
    if request.get("signature-input") is not None:
        return _read_rfc9421(request)
    if request.get("signature") is not None:
        return _read_cavage(request)
    return None


def _time(text, parse):
    try:
        return float(parse(text))
    except (TypeError, ValueError):
        raise SignatureError(f"not a time: {text!r}") from None


def _base64(text):
    try:
        return unb64(text)
    except ValueError:
        raise SignatureError("the signature is not base64") from None
