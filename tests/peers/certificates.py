"""Certificates for servers on loopback, good ones and others, and contexts that show them."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Whoever trusts the file that `trust` writes trusts the certificates made here. Each is a file in
    `directory`, and what is given is the context of a server that shows it."""

    def __init__(self, directory, name="An authority of tests"):
        self._directory = directory
        directory.mkdir(exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._made = 0

    def trust(self, path):
        made = self._build(self._name, self._key, self._name, -30, 30)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        path.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def context(self, address, days=1, own=False, since=-30):
        """For https://address; good from day `since` until day `days`, where today is 0; `own`:
        vouched for by nobody but itself."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(address, days, own, since))
        return context

    def file(self, address, days=1, own=False, since=-30):
        """The same as a file, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(address)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = self._build(name, key, name if own else self._name, since, days)
        made = made.add_extension(names, False)
        made = made.sign(key if own else self._key, hashes.SHA256())
        self._made += 1
        path = self._directory / f"certificate-{self._made}.pem"
        path.write_bytes(_pem(made) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return path

    @staticmethod
    def _build(name, key, issuer, since, days):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(issuer)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + since * _DAY)
                .not_valid_after(now + days * _DAY))


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(made):
    return made.public_bytes(serialization.Encoding.PEM)
