"""A keeper as the engine meets it: a real process on one end of a WebSocket, with the test on the other. No Ray."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil
from aiohttp import WSMsgType, web

from bottega_engine.node import launch as messages
from bottega_engine.node.keeper import KeeperSettings
from bottega_engine.store import Blobs

WAIT_S = 60.0
ENTRY = Path(__file__).parents[3]


@dataclass
class RunSeen:
    """What the keeper said of one run."""

    id: str
    folder: Path
    records: list[dict[str, Any]] = field(default_factory=list)
    end: messages.Ended | None = None

    @property
    def level(self) -> str:
        return str(self.start["level"])

    @property
    def start(self) -> dict[str, Any]:
        [start] = self.of_type("start")
        return start

    @property
    def phases(self) -> dict[str, float]:
        return {record["name"]: record["duration_ms"] for record in self.of_type("phase")}

    @property
    def output(self) -> str:
        return "".join(record["text"] for record in self.of_type("output"))

    @property
    def rank_pid(self) -> int:
        """The rank says it; see `WHO`."""
        return int(self.output.split("pid ")[1].split()[0])

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["type"] == kind]

    def metric(self, name: str) -> list[float]:
        return [each["values"][name] for each in self.of_type("metric") if name in each["values"]]


class KeeperProcess:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.runs: dict[str, RunSeen] = {}
        self.templates: list[messages.TemplateState] = []
        self.zygote = ""
        self.pid = 0
        self._blobs = Blobs(data / "blobs")
        self._heard = asyncio.Condition()
        self._socket: web.WebSocketResponse

    async def submit(self, project: Path, config: dict[str, Any]) -> RunSeen:
        run_id = f"run-{secrets.token_hex(4)}"
        run = self.runs[run_id] = RunSeen(run_id, self.data / "runs" / run_id)
        tree = self._tree_of(project)
        launch = messages.Launch(run_id, config, tree, [], "", time.time() * 1000)
        await self._socket.send_bytes(messages.encode(launch))
        return run

    async def run(self, project: Path, config: dict[str, Any], expect: str = "done") -> RunSeen:
        return await self.end_of(await self.submit(project, config), expect)

    async def end_of(self, run: RunSeen, expect: str = "done") -> RunSeen:
        await self.until(lambda: run.end is not None)
        assert run.end is not None
        assert run.end.state == expect, (run.end, run.output, run.of_type("notice"))
        return run

    async def tell(self, order: messages.ToKeeper) -> None:
        await self._socket.send_bytes(messages.encode(order))

    async def until(self, is_it: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        async with asyncio.timeout(timeout_s), self._heard:
            await self._heard.wait_for(is_it)

    def children(self, name: str) -> list[psutil.Process]:
        """Living processes below the keeper, by the name they give themselves."""
        return [
            child
            for child in psutil.Process(self.pid).children(recursive=True)
            if child.name() == name and child.status() != psutil.STATUS_ZOMBIE
        ]

    async def hear(self, request: web.Request) -> web.WebSocketResponse:
        self._socket = web.WebSocketResponse(max_msg_size=0)
        await self._socket.prepare(request)
        async for message in self._socket:
            if message.type is WSMsgType.BINARY:
                self._take(messages.decode_from_keeper(message.data))
                async with self._heard:
                    self._heard.notify_all()
        return self._socket

    def _take(self, message: messages.FromKeeper) -> None:
        match message:
            case messages.ZygoteState():
                self.zygote = message.state
            case messages.Records():
                self.runs[message.run_id].records += message.records
            case messages.Ended():
                self.runs[message.run_id].end = message
            case messages.Templates():
                self.templates = message.templates

    def _tree_of(self, folder: Path) -> dict[str, Any]:
        entries = []
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix().encode()):
            if path.is_file():
                data = path.read_bytes()
                blob = hashlib.sha256(data).hexdigest()
                if self._blobs.missing([blob]):
                    self._blobs.add(data)
                entry = {"path": path.relative_to(folder).as_posix(), "type": "file", "blob": blob}
                entries.append({**entry, "size": len(data), "executable": False})
        text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
        return {"digest": hashlib.sha256(text.encode()).hexdigest(), "entries": entries}


@asynccontextmanager
async def keeper_process(
    data: Path, environment: dict[str, str] | None = None, zygote: str = "ready", **settings: Any
) -> AsyncIterator[KeeperProcess]:
    """Waits until its zygote is in the given state."""
    keeper = KeeperProcess(data)
    app = web.Application()
    app.add_routes([web.get("/v1/keepers/node", keeper.hear)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    room = {"resident_memory": 0.3, "resident_idle_s": 600.0}
    said = KeeperSettings(
        f"http://127.0.0.1:{port}", "secret", "node", str(data), True, **{**room, **settings}
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bottega_engine.node.keeper"),
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **(environment or {})},
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(said) + b"\n")
    keeper.pid = process.pid
    try:
        await keeper.until(lambda: keeper.zygote == zygote)
        yield keeper
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 20)
        finally:
            if process.returncode is None:
                process.kill()
            await runner.cleanup()
