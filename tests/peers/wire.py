"""An HTTP request as bytes and names, before it is sent or after it has arrived.

Everything that signs, verifies, forges or records works on this one type, so that a test can take
a finished request, bend one thing in it, and send it.
"""

import base64
import dataclasses
import email.utils
import json
from urllib.parse import urlsplit

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITY_JSON = "application/activity+json"
ACCEPT = (
    "application/activity+json, "
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
)
USER_AGENT = "weir-test-peer/1.0"


@dataclasses.dataclass
class Request:
    """One request. `url` is absolute; `headers` keeps order and repetition as on the wire."""

    method: str
    url: str
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b""

    @property
    def target(self):
        """The origin form: path, and the query where there is one."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def authority(self):
        return urlsplit(self.url).netloc

    def all(self, name):
        """The values of every header line of this name, in order, without outer white space."""
        return [v.strip() for k, v in self.headers if k.lower() == name.lower()]

    def get(self, name):
        """The header's value, several lines joined as HTTP says; None where there is none."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def set(self, name, value):
        """One line of this name and no other, in the place of the first."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name):
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]

    def copy(self, **changes):
        """The same request with something changed; the header list is never shared."""
        changes.setdefault("headers", list(self.headers))
        return dataclasses.replace(self, **changes)

    def to_bytes(self):
        """As HTTP/1.1 on the wire, for tests that speak over a bare socket."""
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body and self.get("content-length") is None:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclasses.dataclass
class Response:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


def http_date(when):
    return email.utils.formatdate(when, usegmt=True)


def parse_http_date(text):
    """Seconds since 1970 of an IMF-fixdate; ValueError for everything else."""
    when = email.utils.parsedate_to_datetime(text)
    if http_date(when.timestamp()) != text:
        raise ValueError(f"not an IMF-fixdate: {text!r}")
    return when.timestamp()


def b64(data):
    return base64.b64encode(data).decode("ascii")


def unb64(text):
    return base64.b64decode(text, validate=True)


def read_json(data):
    """Strict: no key twice, no NaN, UTF-8 only. ValueError says what is wrong."""

    def once(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise ValueError("an object has the same key twice")
        return dict(pairs)

    def no_constant(name):
        raise ValueError(f"{name} is not JSON")

    return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)


def id_of(value):
    """The id of something that is embedded or referred to; None where it has none."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None
