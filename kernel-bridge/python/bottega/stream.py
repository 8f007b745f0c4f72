"""The live WebSocket of the agent, for one reader at a time; it comes back by itself when it breaks."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import websocket

from .errors import BottegaError
from .unix_http import open_socket

SILENCE_S = 30.0
ENDED = ("done", "failed", "stopped", "lost")
Message = dict[str, Any]


class Stream:
    """One connection. `receive` raises OSError when it broke or was silent for too long."""

    def __init__(self, path: str) -> None:
        self._socket = websocket.create_connection(
            "ws://localhost/v1/stream", socket=open_socket(path, 10), timeout=SILENCE_S
        )

    def send(self, message: Message) -> None:
        self._socket.send(json.dumps(message))

    def receive(self, timeout_s: float = SILENCE_S) -> Message:
        self._socket.settimeout(min(timeout_s, SILENCE_S))
        try:
            message: Message = json.loads(self._socket.recv())
        except (websocket.WebSocketException, ValueError) as error:
            raise ConnectionError("the stream broke") from error
        return message

    def close(self) -> None:
        self._socket.close(timeout=0)


OpenStream = Callable[[], Stream]


def follow_run(open_stream: OpenStream, run: str, from_seq: int, output: str = "all") -> Iterator[Message]:
    """Every event once, in order, until the log ends. With output "tail" no more of the output than a person can read."""
    next_seq = from_seq
    for stream in reconnecting(open_stream):
        stream.send({"type": "follow", "run": run, "from": next_seq, "output": output})
        for message in messages(stream):
            if message["type"] == "error" and message.get("run") == run:
                raise BottegaError.of(message["error"])
            if message["type"] != "events" or message["run"] != run:
                continue
            for event in message["events"]:
                if event["seq"] < next_seq:
                    continue
                next_seq = max(event["seq"], event.get("last", 0) if event["type"] == "gap" else 0) + 1
                yield event
                if event["type"] == "status" and event["state"] in ENDED:
                    return


def follow_ledger(open_stream: OpenStream, deadline: float) -> Iterator[Message]:
    """Changes of clusters and runs, until a moment of time.monotonic()."""
    for stream in reconnecting(open_stream):
        stream.send({"type": "follow_ledger"})
        yield from messages(stream, deadline)
        if time.monotonic() >= deadline:
            return


def messages(stream: Stream, deadline: float = float("inf")) -> Iterator[Message]:
    """What comes over this connection until it breaks or the time is over."""
    while (left := deadline - time.monotonic()) > 0:
        try:
            yield stream.receive(left)
        except OSError:
            return


def reconnecting(open_stream: OpenStream) -> Iterator[Stream]:
    """A new connection whenever the last one broke, after 0.2 to 5 seconds with jitter."""
    delay_s = 0.2
    while True:
        try:
            stream = open_stream()
        except (OSError, websocket.WebSocketException):
            time.sleep(delay_s * random.uniform(0.5, 1))
            delay_s = min(5, delay_s * 2)
            continue
        delay_s = 0.2
        try:
            yield stream
        finally:
            stream.close()
