"""Reads Kineto's Chrome JSON as a stream of events, a few megabytes in memory at a time.

Kineto wrote broken JSON for years (control characters and unescaped quotes in names: pytorch issues 130622 and
146900), and a killed rank leaves half a file. What can be read is read; the rest is reported, not raised.
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

BLOCK_BYTES = 8 << 20
PACKED_BYTES = 1 << 20
# One event is never this long; a buffer that holds no end of an event by then is not a trace.
MAX_EVENT_BYTES = 64 << 20

_EVENT = rb'\{\s*"(?:ph|cat|name|pid|tid|ts|dur|id|args)"\s*:'
_BETWEEN_EVENTS = re.compile(rb"\}\s*,\s*(?=" + _EVENT + rb")")
_EVENTS_START = re.compile(rb'"traceEvents"\s*:\s*\[|\A\s*\[')
_KINETO_BETWEEN = b"\n  },\n  {"
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
        with self.path.open("rb") as stream:
            if stream.peek(2)[:2] == b"\x1f\x8b":
                yield from self._inflated(stream)
            else:
                yield from iter(lambda: stream.read(BLOCK_BYTES), b"")

    def _inflated(self, stream: IO[bytes]) -> Iterator[bytes]:
        # Not the gzip module: at a cut it raises without the bytes that it has already.
        inflate = zlib.decompressobj(wbits=31)
        packed = stream.read(PACKED_BYTES)
        while packed:
            try:
                block = inflate.decompress(packed, BLOCK_BYTES)
            except zlib.error:
                self.is_broken = True
                return
            if block:
                yield block
            if inflate.eof:
                packed = inflate.unused_data or stream.read(PACKED_BYTES)
                inflate = zlib.decompressobj(wbits=31)
                if not packed:
                    return
            else:
                packed = inflate.unconsumed_tail or stream.read(PACKED_BYTES)
        self.is_broken = True

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
        end = _list_end(buffer)
        if end < 0:
            self.is_broken = True
            return self._decode_each(buffer)
        return self._decode(buffer[:end])


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
