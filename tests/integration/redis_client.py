"""A look into a relay's Redis, past Weir."""

import socket

SHARDS = 64


class Redis:
    """One connection to a Redis: of a relay's embedded one the path of its socket, of another
    `host:port`; RESP2, pipelined."""

    def __init__(self, where):
        host, _, port = str(where).rpartition(":")
        if host and "/" not in host:
            self._socket = socket.create_connection((host, int(port)), timeout=30)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(where))
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    def many(self, commands):
        """Their answers, in order; an error among them is raised."""
        answers = []
        for start in range(0, len(commands), 500):
            some = commands[start:start + 500]
            self._socket.sendall(b"".join(map(_encoded, some)))
            answers += [self._answer() for _ in some]
        for answer in answers:
            if isinstance(answer, RedisError):
                raise answer
        return answers

    def __call__(self, *words):
        return self.many([words])[0]

    def info(self, section):
        lines = self("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _answer(self):
        line = self._file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        assert kind == b"*", line
        return [self._answer() for _ in range(int(rest))]


class RedisError(Exception):
    pass


def _encoded(words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


def shard_of(host):
    """FNV-1a, as relay/rules/cursor.c has it."""
    value = 2166136261
    for byte in host.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value % SHARDS
