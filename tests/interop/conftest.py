"""Weir, and others that we did not write, beside the interop tests."""

import datetime
import ipaddress
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from integration.relay import Relay
from peers.ports import free_host
from peers.program import Program
from peers.town import Town

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    with Relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture(scope="module")
def town():
    with Town() as started:
        yield started


@pytest.fixture(scope="module")
def fedify(tmp_path_factory):
    """Starts a Fedify peer: `fedify("127.0.0.2", scheme="cavage")`."""
    started = []

    def start(address, scheme="rfc9421", actor="Person"):
        node, node_dir = os.environ["WEIR_NODE"], os.environ["WEIR_NODE_DIR"]
        started.append(Program.fedify(
            free_host(address), "bookmarks", tmp_path_factory.mktemp("fedify"), node, node_dir, scheme, actor
        ))
        return started[-1]

    yield start
    for peer in started:
        peer.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """For https://127.0.0.1, by nobody; `ask` believes it. A file with the key in it, too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(scope="session")
def ask(tmp_path_factory, certificate):
    """Questions to libraries of others: `ask("nodeinfo", url=...)` (ask.mjs says which)."""
    program = Program(
        [os.environ["WEIR_NODE"], str(HERE / "ask.mjs")],
        tmp_path_factory.mktemp("ask"),
        {"NODE_EXTRA_CA_CERTS": str(certificate), "NODE_NO_WARNINGS": "1"},
    )
    yield program.do
    program.stop()
