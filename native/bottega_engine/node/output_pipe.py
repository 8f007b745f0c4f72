"""What a rank writes to one stream, as the keeper reads it: at once after a quiet moment, collected in a flood."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

from bottega_engine.node.output_text import OutputText

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.03, 0.1
"""How long output gathers before the pipe is read again, longer as a flood goes on: a wake-up and an event cost more than
their bytes, also the rank's own core."""
MOST_READS_PER_S = 100
"""Of all floods that this process reads: where there are many, each gathers for longer."""
QUIET_S = 0.05
"""After so long a line that has no end yet is shown as it is: a prompt, a progress bar."""
PIPE_BYTES = 1024 * 1024
"""Where there are many pipes the kernel gives less."""
MOST_BYTES_PER_S = 32 * PIPE_BYTES
"""A rank that writes more than this waits."""


class OutputPipe:
    """Owns the reading end of a pipe."""

    _flooded: ClassVar[set[OutputPipe]] = set()

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._capacity_bytes = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
        self._text = OutputText()
        self._hurried = asyncio.Event()
        self._readable: asyncio.Future[None] | None = None
        self._is_over = False

    async def texts(self) -> AsyncIterator[list[str]]:
        """Texts for output events until the last writer has closed. Whoever takes them slowly makes the rank wait."""
        loop = asyncio.get_running_loop()
        pause_s = 0.0
        while not self._is_over:
            began = loop.time()
            if data := self._read():
                pause_s = self._next_pause(pause_s, len(data))
                yield self._text.feed(data)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurried.wait(), self._end_of(pause_s, began) - loop.time())
                continue
            pause_s = 0.0
            self._flooded.discard(self)
            if not await self._is_readable(QUIET_S if self._text.has_rest else None):
                yield self._text.flush()
        yield self._text.flush()

    def take(self) -> list[str]:
        """The texts of what is there now; also for what has to come after it."""
        return self._text.feed(self._read())

    def hurry(self) -> None:
        """The rank has ended: what is left is read without collecting."""
        self._hurried.set()

    def stop(self) -> None:
        """Ends the texts, also when somebody could still write."""
        self._is_over = True
        self.hurry()
        _settle(self._readable)

    def close(self) -> None:
        """After the texts have ended."""
        self._flooded.discard(self)
        os.close(self._descriptor)

    def _read(self) -> bytes:
        """What is there now."""
        if self._is_over:
            return b""
        try:
            data = os.read(self._descriptor, PIPE_BYTES)
        except BlockingIOError:
            return b""
        self._is_over = not data
        return data

    def _next_pause(self, before_s: float, size_bytes: int) -> float:
        """After so much has come in a pause: twice as long, unless the pipe would be half full then."""
        if not before_s:
            return FIRST_PAUSE_S
        self._flooded.add(self)
        fitting_s = before_s * self._capacity_bytes / 2 / size_bytes
        return max(
            self._capacity_bytes / MOST_BYTES_PER_S, min(2 * before_s, fitting_s, self._longest_pause())
        )

    def _longest_pause(self) -> float:
        return max(LONGEST_PAUSE_S, len(self._flooded) / MOST_READS_PER_S)

    def _end_of(self, pause_s: float, began: float) -> float:
        """Floods are read at the same moments, so that what they bring goes on together."""
        longest_s = self._longest_pause()
        return began + pause_s if pause_s < longest_s else (began // longest_s + 1) * longest_s

    async def _is_readable(self, timeout_s: float | None) -> bool:
        loop = asyncio.get_running_loop()
        self._readable = loop.create_future()
        loop.add_reader(self._descriptor, _settle, self._readable)
        try:
            await asyncio.wait_for(self._readable, timeout_s)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._descriptor)
        return True


def _settle(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
