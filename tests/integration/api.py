"""The operators' API, spoken over its socket as a program would."""

import http.client
import json
import socket


class Admin(http.client.HTTPConnection):
    """The operators' API, without the command."""

    def __init__(self, relay):
        super().__init__("localhost", timeout=60)
        self._path = str(relay.data / "admin.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def ask(self, method, path, body=None):
        self.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body))
        answer = self.getresponse()
        text = answer.read()
        self.close()
        return answer.status, text
