"""A backup as records that a test can look at, bend, and write down again."""

import hashlib
import io

HEAD = b"weir backup 1\n"


class Backup:
    """`records` are lists [kind, name, expires, value]; bytes, numbers and lists."""

    def __init__(self, path):
        data = path.read_bytes()
        assert data.startswith(HEAD)
        self.body, self.checksum = data[:-72], data[-72:]
        stream = io.BytesIO(self.body[len(HEAD):])
        self.records = []
        while stream.tell() < len(self.body) - len(HEAD):
            self.records.append(_read(stream))

    @property
    def sound(self):
        return self.checksum == b"sha256 %s\n" % hashlib.sha256(self.body).hexdigest().encode()

    def record(self, name):
        """The first record of a key, for a change in place."""
        return next(r for r in self.records if r[1] == name.encode())

    def fields(self, name):
        """A hash as a dict; see `put_fields`."""
        value = self.record(name)[3]
        return dict(zip(value[::2], value[1::2]))

    def put_fields(self, name, fields):
        self.record(name)[3] = [word for pair in fields.items() for word in pair]

    def named(self, start):
        return [r for r in self.records if r[1].startswith(start.encode())]

    def write(self, path, head=HEAD):
        self.records[-1][3] = len(self.records)
        body = head + b"".join(map(_written, self.records))
        digest = hashlib.sha256(body).hexdigest().encode()
        path.write_bytes(body + b"sha256 %s\n" % digest)
        return path


def _read(stream):
    line = stream.readline()[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
    assert kind == b"*", line
    return [_read(stream) for _ in range(int(rest))]


def _written(value):
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    return b"*%d\r\n" % len(value) + b"".join(map(_written, value))
