"""Reads Kineto's Chrome JSON as a stream of events, a few megabytes in memory at a time.

Kineto wrote broken JSON for years (control characters and unescaped quotes in names: pytorch issues 130622 and
146900), and a killed rank leaves half a file. What can be read is read; the rest is reported, not raised.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

BLOCK_BYTES = 8 << 20
# One event is never this long; a buffer that holds no end of an event by then is not a trace.
MAX_EVENT_BYTES = 64 << 20

_EVENT = rb'\{\s*"(?:ph|cat|name|pid|tid|ts|dur|id|args)"\s*:'
_BETWEEN_EVENTS = re.compile(rb"\}\s*,\s*(?=" + _EVENT + rb")")
_EVENTS_START = re.compile(rb'"traceEvents"\s*:\s*\[|\A\s*\[')
_KINETO_BETWEEN = b"\n  },\n  {"
_END_OF_EVENTS = re.compile(rb'\}\s*\]\s*(?:,\s*"\w+"\s*:\s*(?:"[^"]*"|[-\d.]+|true|false|null)\s*)*\}?\s*\Z')
_RANK = re.compile(rb'"rank"\s*:\s*"?(\d+)')


class TraceUnreadable(Exception):
    """The file holds no trace. `code` is one of schema/src/errors.ts."""

    code = "engine_failed"
    hint = "Record the trace again; the run may have ended while it was being written."


class Event(msgspec.Struct, gc=False):
    """One entry of `traceEvents`. `ts` and `dur` are in microseconds."""

    ph: str = ""
    name: str | int = ""
    cat: str = ""
    pid: int | str = 0
    tid: int | str = 0
    ts: float = 0.0
    dur: float = 0.0
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Header(msgspec.Struct):
    """What stands before the events. `rank` is None in a trace of one process."""

    rank: int | None


class TraceReader:
    """Iterates over the events of one gzipped (or plain) trace. `is_broken` says, at the end, whether some are missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_broken = False
        self.header = Header(rank=None)
        self._decoder = msgspec.json.Decoder(list[Event])
        self._single = msgspec.json.Decoder(Event)

    def batches(self) -> Iterator[list[Event]]:
        """Events in the order of the file, in batches. Raises TraceUnreadable when there is no list of events."""
        blocks = self._blocks()
        buffer = self._after_header(blocks)
        for block in blocks:
            buffer += block
            cut = _last_boundary(buffer)
            if cut:
                yield self._decode(buffer[:cut])
                buffer = buffer[cut:].lstrip(b", \r\n\t")
            elif len(buffer) > MAX_EVENT_BYTES:
                self.is_broken = True
                return
        yield self._tail(buffer)

    def _blocks(self) -> Iterator[bytes]:
        with _open(self.path) as stream:
            while True:
                try:
                    block = stream.read(BLOCK_BYTES)
                except (EOFError, zlib.error, gzip.BadGzipFile):
                    self.is_broken = True
                    return
                if not block:
                    return
                yield block

    def _after_header(self, blocks: Iterator[bytes]) -> bytes:
        head = b""
        for block in blocks:
            head += block
            start = _EVENTS_START.search(head)
            if start:
                rank = _RANK.search(head, 0, start.start())
                self.header = Header(rank=int(rank[1]) if rank else None)
                return head[start.end() :]
            if len(head) > MAX_EVENT_BYTES:
                break
        raise TraceUnreadable(f"{self.path.name} is not a Chrome trace: it has no list of events.")

    def _decode(self, events: bytes) -> list[Event]:
        try:
            return self._decoder.decode(b"[" + events + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._decode_each(events)

    def _decode_each(self, events: bytes) -> list[Event]:
        """Event by event, without those that do not parse."""
        found: list[Event] = []
        start = 0
        for boundary in [*(match.start() + 1 for match in _BETWEEN_EVENTS.finditer(events)), len(events)]:
            piece = events[start:boundary].lstrip(b", \r\n\t")
            start = boundary
            try:
                found.append(self._single.decode(piece))
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.is_broken = True
        return found

    def _tail(self, buffer: bytes) -> list[Event]:
        if not buffer.strip() or buffer.lstrip().startswith(b"]"):
            return []
        end = _END_OF_EVENTS.search(buffer, max(0, len(buffer) - 65536))
        if end:
            return self._decode(buffer[: end.start() + 1])
        events = self._decode_each(_until_list_ends(buffer))
        self.is_broken = self.is_broken or not _has_end(buffer)
        return events


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as probe:
        is_gzip = probe.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


def _last_boundary(buffer: bytes) -> int:
    """Just after the last event that is surely whole; 0 when there is none."""
    at = buffer.rfind(_KINETO_BETWEEN)
    if at >= 0:
        return at + 4
    last = 0
    for match in _BETWEEN_EVENTS.finditer(buffer):
        last = match.start() + 1
    return last


def _list_end(buffer: bytes) -> int:
    """Where the list of events closes, by counting brackets outside of strings; -1 when it does not."""
    depth = 0
    for match in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', buffer):
        token = match[0]
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            if depth < 0:
                return match.start()
    return -1


def _has_end(buffer: bytes) -> bool:
    return _list_end(buffer) >= 0


def _until_list_ends(buffer: bytes) -> bytes:
    end = _list_end(buffer)
    return buffer if end < 0 else buffer[:end]
