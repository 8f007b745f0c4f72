"""The engine's one WebSocket to the agent: event logs as they grow, and the state of the nodes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from bottega_engine.service.errors import EngineError
from bottega_engine.service.keepers import Keepers
from bottega_engine.service.requests import StreamBody, parse, run_id_of
from bottega_engine.service.runs import Runs

HEARTBEAT_S = 10.0


class Streams:
    """Any number of agents. Each follower reads the log by number, so one that is slow gets pages later, never a hole."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._nodes_changed = asyncio.Event()
        self.keepers: Keepers

    def nodes_changed(self) -> None:
        changed, self._nodes_changed = self._nodes_changed, asyncio.Event()
        changed.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, compress=False)
        await socket.prepare(request)
        followers: dict[str, asyncio.Task[None]] = {}
        always = [asyncio.create_task(self._nodes(socket)), asyncio.create_task(_heartbeat(socket))]
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._obey(socket, message.data, followers)
        finally:
            for task in (*always, *followers.values()):
                task.cancel()
            await asyncio.gather(*always, *followers.values(), return_exceptions=True)
        return socket

    async def _obey(
        self, socket: web.WebSocketResponse, text: str, followers: dict[str, asyncio.Task[None]]
    ) -> None:
        run_id: str | None = None
        try:
            wanted = parse(text, StreamBody)
            run_id = run_id_of(wanted.run)
            if (old := followers.pop(run_id, None)) is not None:
                old.cancel()
            if wanted.type == "follow":
                self._runs.get(run_id)
                followers[run_id] = asyncio.create_task(self._follow(socket, run_id, max(1, wanted.start)))
        except EngineError as error:
            about = {} if run_id is None else {"run": run_id}
            await _say(socket, {"type": "error", **about, "error": error.body})

    async def _follow(self, socket: web.WebSocketResponse, run_id: str, start: int) -> None:
        run = self._runs.get(run_id)
        while True:
            await run.log.wait_beyond(start - 1)
            events, start = run.log.read_page(start)
            head = b'{"type":"events","run":"%b","last_seq":%d,"events":[' % (
                run_id.encode(),
                run.log.last_seq,
            )
            await socket.send_frame(head + events + b"]}", WSMsgType.TEXT)
            if run.has_ended and start > run.log.last_seq:
                return

    async def _nodes(self, socket: web.WebSocketResponse) -> None:
        while True:
            changed = self._nodes_changed
            await _say(socket, {"type": "nodes", "nodes": self.keepers.resources()})
            await changed.wait()


async def _heartbeat(socket: web.WebSocketResponse) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        await _say(socket, {"type": "heartbeat", "time": time.time() * 1000})


async def _say(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    """Waits while the agent reads slowly."""
    await socket.send_frame(msgspec.json.encode(message), WSMsgType.TEXT)
