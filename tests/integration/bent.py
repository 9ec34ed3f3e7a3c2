"""Signatures as bent as a test wants them: over the header fields as they stand, with any
parameters, covering anything. Nothing is put right on the way, and nothing of Weir is in here."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from peers import keys
from peers.wire import b64

POST = "(request-target) host date digest content-type"
HS2019 = "(request-target) host (created) digest"


def rsa_sha512(key, data):
    return key.sign(data, padding.PKCS1v15(), hashes.SHA512())


def rsa_sha1(key, data):
    return key.sign(data, padding.PKCS1v15(), hashes.SHA1())


def rsa_pss(key, data):
    return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def cavage_base(request, covered, parameters):
    lines = []
    for name in covered.split():
        if name == "(request-target)":
            value = f"{request.method.lower()} {request.target}"
        elif name.startswith("("):
            value = str(parameters.get(name.strip("()"), "")).strip('"')
        else:
            value = request.get(name) or ""
        lines.append(f"{name.lower()}: {value}")
    return "\n".join(lines).encode("utf-8")


def cavage(request, actor, covered=POST, *, key=None, key_id=None, algorithm="rsa-sha256",
           sign=keys.sign, named=True, **parameters):
    """Signs in place. `algorithm` None leaves the parameter out, `named` False the list of what is
    covered; further parameters stand as they are given (a text in its own quotes)."""
    value = b64(sign(key or actor.keys.rsa, cavage_base(request, covered, parameters)))
    parts = [f'keyId="{key_id or actor.key_id}"']
    parts += [f'algorithm="{algorithm}"'] if algorithm is not None else []
    parts += [f"{name}={number}" for name, number in parameters.items()]
    parts += [f'headers="{covered}"'] if named else []
    request.set("Signature", ",".join([*parts, f'signature="{value}"']))
    return request


def rfc9421_base(request, covered, params):
    derived = {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": request.authority,
        "@scheme": request.url.split(":")[0],
        "@path": request.target.split("?")[0],
        "@query": "?" + request.target.partition("?")[2],
        "@request-target": request.target,
    }
    lines = []
    for name in covered:
        bare = name.split('"')[1]
        value = derived[bare] if bare in derived else (request.get(bare) or "")
        lines.append(f"{name}: {value}")
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("utf-8")


def rfc9421(request, actor, covered, when, *, label="sig1", key=None, key_id=None,
            algorithm="rsa-v1_5-sha256", extra="", sign=keys.sign, join=False):
    """Signs in place. `covered` are names, or components as they stand in quotes with their
    parameters. `when` None leaves `created` out, `algorithm` None `alg`. `join` adds a label to
    those that there are."""
    covered = [name if '"' in name else f'"{name}"' for name in covered]
    params = f"({' '.join(covered)})"
    params += f";created={int(when)}" if when is not None else ""
    params += f';keyid="{key_id or actor.key_id}"'
    params += f';alg="{algorithm}"' if algorithm is not None else ""
    params += extra
    value = b64(sign(key or actor.keys.rsa, rfc9421_base(request, covered, params)))
    for name, text in (("Signature-Input", params), ("Signature", f":{value}:")):
        before = f"{request.get(name)}, " if join else ""
        request.set(name, f"{before}{label}={text}")
    return request
