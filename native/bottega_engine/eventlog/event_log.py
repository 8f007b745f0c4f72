"""An append-only file of numbered events. Everything a person sees of a run is a fold over it."""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

Event = dict[str, Any]

PAGE_BYTES = 512 * 1024

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class EventLog:
    """One writer, any number of readers, all in one event loop.

    The file holds one JSON object a line; line N is event N. A process that is killed leaves at most one torn line at
    the end, which opening drops. `offsets` holds where each event starts, so any page is one read. The file is open to
    be written only from the first event to `close`, so that logs of the past cost no open files.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._offsets = array("Q")
        self._end = 0
        self._batch: list[bytes] | None = None
        self._file: BinaryIO | None = None
        self._recover()
        self._grown = asyncio.Event()

    @property
    def last_seq(self) -> int:
        return len(self._offsets) + len(self._batch or ())

    def append(self, record: Event) -> int:
        """Writes a record as the next event and answers its number. OSError when the disk is full: nothing is written."""
        seq = self.last_seq + 1
        line = _encoder.encode({"seq": seq, "time": time.time() * 1000, **record}) + b"\n"
        if self._batch is None:
            self._add([line])
        else:
            self._batch.append(line)
        return seq

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Events appended inside are written together at its end. OSError when the disk is full: those that fit are written."""
        self._batch = []
        try:
            yield
        finally:
            lines, self._batch = self._batch, None
            if lines:
                self._add(lines)

    def read(self, first: int, limit: int = 10_000) -> list[Event]:
        """Events from number `first` on, at most `limit` and about half a MiB of them; at least one if there is one."""
        return [_decoder.decode(line) for line in self._lines(first, limit).splitlines()]

    def read_page(self, first: int, limit: int = 10_000) -> tuple[bytes, int]:
        """The same as JSON with commas between, and the number after the last one."""
        lines = self._lines(first, limit)
        # JSON escapes the newlines of texts.
        return lines[:-1].replace(b"\n", b","), first + lines.count(b"\n")

    async def wait_beyond(self, seq: int) -> None:
        """Returns when there is an event with a number greater than `seq`."""
        while self.last_seq <= seq:
            await self._grown.wait()

    def close(self) -> None:
        """Lets go of the file. The log can be read all the same; whoever appends opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _add(self, lines: list[bytes]) -> None:
        try:
            self._write(b"".join(lines))
        except OSError:
            os.truncate(self._path, self._end)
            if len(lines) == 1:
                raise
            for line in lines:
                self._add([line])
            return
        for line in lines:
            self._offsets.append(self._end)
            self._end += len(line)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("r+b", buffering=0)
        self._file.seek(self._end)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _lines(self, first: int, limit: int) -> bytes:
        start, end = self._span(max(1, first), limit)
        with self._path.open("rb", buffering=0) as file:
            file.seek(start)
            return file.read(end - start)

    def _span(self, first: int, limit: int) -> tuple[int, int]:
        """Byte range of a page."""
        begin = first - 1
        if begin >= self.last_seq:
            return 0, 0
        start = self._offsets[begin]
        stop = min(self.last_seq, begin + limit)
        while stop > begin + 1 and self._end_of(stop) - start > PAGE_BYTES:
            stop = begin + max(1, (stop - begin) // 2)
        return start, self._end_of(stop)

    def _end_of(self, seq: int) -> int:
        return self._offsets[seq] if seq < self.last_seq else self._end

    def _recover(self) -> None:
        self._path.touch(mode=0o600)
        with self._path.open("rb") as lines:
            for line in lines:
                if not _is_event(line, self.last_seq + 1):
                    break
                self._offsets.append(self._end)
                self._end += len(line)
        os.truncate(self._path, self._end)


def _is_event(line: bytes, seq: int) -> bool:
    """False for the torn line that a killed writer leaves."""
    if not line.endswith(b"\n"):
        return False
    try:
        return bool(_decoder.decode(line).get("seq") == seq)
    except (msgspec.DecodeError, AttributeError):
        return False
