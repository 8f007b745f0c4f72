"""What a rank writes to one stream, as the keeper reads it: at once after a quiet moment, collected in a flood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from bottega_engine.node.output_text import OutputText

COLLECT_S = 0.03
"""In a flood texts leave this often: an event costs more than its bytes."""
QUIET_S = 0.05
"""After so long a line that has no end yet is shown as it is: a prompt, a progress bar."""
MOST_WAITING = 1024 * 1024
"""More is left in the pipe, and the rank waits. A rank is slowed only beyond MOST_WAITING in COLLECT_S."""


class OutputPipe(asyncio.Protocol):
    """The reading end of the pipe. Bytes wait here until they are taken."""

    def __init__(self) -> None:
        self._text = OutputText()
        self._waiting = bytearray()
        self._arrived = asyncio.Event()
        self._over = asyncio.Event()
        self._is_paused = False
        self._transport: asyncio.ReadTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        self._arrived.set()
        if len(self._waiting) >= MOST_WAITING and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over.set()
        self._arrived.set()

    async def texts(self) -> AsyncIterator[list[str]]:
        """Texts for output events until the last writer has closed. Whoever takes them slowly makes the rank wait."""
        loop = asyncio.get_running_loop()
        told = loop.time() - COLLECT_S
        while not self._over.is_set() or self._waiting:
            try:
                await asyncio.wait_for(self._arrived.wait(), QUIET_S if self._text.has_rest else None)
            except TimeoutError:
                yield self._text.flush()
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), told + COLLECT_S - loop.time())
            told = loop.time()
            yield self.take()
        yield self._text.flush()

    def take(self) -> list[str]:
        """The texts of what is there now; also for what has to come after it."""
        data = bytes(self._waiting)
        self._waiting.clear()
        if not self._over.is_set():
            self._arrived.clear()
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return self._text.feed(data)
