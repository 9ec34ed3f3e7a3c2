"""The keys of one actor: RSA-2048 for HTTP signatures, Ed25519 for the proofs of its posts."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PREFIX = b"\xed\x01"


class ActorKeys:
    """Two private keys. Either can be replaced on purpose, to rotate or to forge."""

    def __init__(self, rsa_key=None, ed25519_key=None):
        self.rsa = rsa_key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ed25519 = ed25519_key or ed25519.Ed25519PrivateKey.generate()

    @classmethod
    def load_or_create(cls, directory, name):
        """The keys kept in `directory` under this name; made and written there the first time."""
        paths = [Path(directory) / f"{name}.{kind}.pem" for kind in ("rsa", "ed25519")]
        if all(path.exists() for path in paths):
            return cls(*(load_private_pem(path.read_bytes()) for path in paths))
        keys = cls()
        keys.save(directory, name)
        return keys

    def save(self, directory, name):
        for kind, key in (("rsa", self.rsa), ("ed25519", self.ed25519)):
            path = Path(directory) / f"{name}.{kind}.pem"
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(private_pem(key))

    @property
    def public_pem(self):
        return public_pem(self.rsa.public_key())

    @property
    def multibase(self):
        return multibase(self.ed25519.public_key())


def sign(key, data):
    """RSA signs PKCS#1 v1.5 with SHA-256, Ed25519 signs the bytes themselves."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def verify(key, signature, data):
    """Raises cryptography's InvalidSignature; the key's own type chooses the algorithm."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key):
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


def load_private_pem(data):
    return serialization.load_pem_private_key(data, password=None)


def load_public_pem(text):
    return serialization.load_pem_public_key(text.encode("ascii"))


def multibase(public_key):
    """The Multikey text of an Ed25519 public key: z6Mk..."""
    raw = public_key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return "z" + base58_encode(_ED25519_PREFIX + raw)


def load_multibase(text):
    raw = base58_decode(text[1:]) if text.startswith("z") else b""
    if len(raw) != 34 or not raw.startswith(_ED25519_PREFIX):
        raise ValueError(f"not an Ed25519 Multikey: {text!r}")
    return ed25519.Ed25519PublicKey.from_public_bytes(raw[2:])


def base58_encode(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base58_decode(text):
    number = 0
    for letter in text:
        if letter not in _BASE58:
            raise ValueError(f"not base58: {letter!r}")
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
