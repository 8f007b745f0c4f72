"""What the keeper has to tell the engine: in order, what gathers while a message is on its way as one message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bottega_engine.node import launch as messages

MOST_BYTES = 4 * 1024 * 1024
"""More than this on its way, and whoever adds records waits: that is what slows a rank down."""
RECORD_BYTES = 200


class Outbox:
    """`send` waits while the engine is behind."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: list[messages.FromKeeper] = []
        self._records: dict[str, list[dict[str, Any]]] = {}
        """The newest message of each run, as long as it may take more records."""
        self._size_bytes = 0
        self._has_something = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def say(self, message: messages.FromKeeper) -> None:
        self._waiting.append(message)
        self._has_something.set()

    async def add(self, run_id: str, records: list[dict[str, Any]]) -> None:
        """Adds at once, then waits for room."""
        if run_id not in self._records:
            self._records[run_id] = []
            self.say(messages.Records(run_id, self._records[run_id]))
        self._records[run_id] += records
        self._size_bytes += sum(RECORD_BYTES + len(str(record.get("text", ""))) for record in records)
        if self._size_bytes > MOST_BYTES:
            self._has_room.clear()
        await self._has_room.wait()

    async def deliver(self) -> None:
        """For ever."""
        while True:
            await self._has_something.wait()
            self._has_something.clear()
            waiting, self._waiting = self._waiting, []
            self._records.clear()
            size_bytes = self._size_bytes
            for message in waiting:
                await self._send(messages.encode(message))
            self._size_bytes -= size_bytes
            if self._size_bytes <= MOST_BYTES:
                self._has_room.set()
