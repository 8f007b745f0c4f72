"""HTTP over the unix socket of the agent."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from .errors import BottegaError


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self) -> None:
        self.sock = open_socket(self.path, self.timeout)


def open_socket(path: str, timeout_s: float | None) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(timeout_s)
    try:
        opened.connect(path)
    except OSError:
        opened.close()
        raise
    return opened


def request_json(path: str, method: str, url: str, body: object = None, timeout_s: float = 30) -> Any:
    """Sends a request and reads the answer. Raises BottegaError for an error of the agent, OSError without one."""
    connection = UnixConnection(path, timeout_s)
    try:
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, url, content, headers)
        response = connection.getresponse()
        text = response.read()
    except TimeoutError as error:
        message = f"The agent did not answer {method} {url} within {timeout_s:g} seconds."
        raise BottegaError("timeout", message) from error
    finally:
        connection.close()
    if response.status >= 400:
        raise error_of(response.status, text)
    return json.loads(text) if text else None


def error_of(status: int, text: bytes) -> BottegaError:
    try:
        return BottegaError.of(json.loads(text))
    except (ValueError, KeyError, TypeError):
        details = text.decode("utf-8", "replace")[:2000]
        return BottegaError("internal", f"The agent answered {status}.", details=details)
