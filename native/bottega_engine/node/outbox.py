"""What the keeper has to tell the engine: in order, and what gathers until a message leaves as one message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bottega_engine.node import launch as messages

MOST_BYTES = 4 * 1024 * 1024
"""More than this on its way, and whoever adds records waits: that is what slows a rank down."""
RECORD_BYTES = 200
SHARE_S = 0.1
"""A run that always has something to say gets a message so often. One for each of fifty metrics a second took a tenth of
a core, from keeper to client."""
AHEAD_S = 3.0
"""How far a run may be ahead of its share: what it says after a quiet moment leaves at once."""


class Outbox:
    """`send` waits while the engine is behind."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: list[messages.FromKeeper] = []
        self._records: dict[str, list[dict[str, Any]]] = {}
        """The newest message of each run, as long as it may take more records."""
        self._used: dict[str, float] = {}
        """The time up to which a run has used its share, where that is to come."""
        self._size_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def say(self, message: messages.FromKeeper) -> None:
        self._waiting.append(message)
        self._is_due.set()

    async def add(self, run_id: str, records: list[dict[str, Any]]) -> None:
        """Adds at once, then waits for room."""
        if run_id not in self._records:
            self._records[run_id] = []
            self._waiting.append(messages.Records(run_id, self._records[run_id]))
            self._deliver_at(self._used.get(run_id, 0.0) - AHEAD_S)
        self._records[run_id] += records
        self._size_bytes += sum(RECORD_BYTES + len(str(record.get("text", ""))) for record in records)
        if self._size_bytes > MOST_BYTES:
            self._is_due.set()
            self._has_room.clear()
        await self._has_room.wait()

    async def deliver(self) -> None:
        """For ever."""
        while True:
            await self._is_due.wait()
            waiting, size_bytes = self._take()
            for message in waiting:
                await self._send(messages.encode(message))
            self._size_bytes -= size_bytes
            if self._size_bytes <= MOST_BYTES:
                self._has_room.set()

    def _deliver_at(self, time_s: float) -> None:
        loop = asyncio.get_running_loop()
        if time_s <= loop.time():
            self._is_due.set()
        elif self._timer is None or time_s < self._timer.when():
            self._cancel_timer()
            self._timer = loop.call_at(time_s, self._is_due.set)

    def _take(self) -> tuple[list[messages.FromKeeper], int]:
        """All that waits, whoever it was due for, and how large it is."""
        self._is_due.clear()
        self._cancel_timer()
        now = asyncio.get_running_loop().time()
        self._used = {run_id: until for run_id, until in self._used.items() if until > now}
        for run_id in self._records:
            # Who is taken along before its time owes nothing for it.
            until = self._used.get(run_id, now) + SHARE_S
            self._used[run_id] = min(until, now + AHEAD_S + SHARE_S)
        self._records.clear()
        waiting, self._waiting = self._waiting, []
        return waiting, self._size_bytes

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
