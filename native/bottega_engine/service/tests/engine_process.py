"""The engine as the agent meets it: a process that listens, a token, HTTP and one WebSocket."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bottega_engine.service.tests.ray_cluster import RayCluster
from bottega_schema.models import EventPage

Event = dict[str, Any]
ENDED = ("done", "failed", "stopped", "lost")
START_S = 90.0


class EngineProcess:
    """`python -m bottega_engine.service` on a cluster, with a data folder of its own."""

    def __init__(self, cluster: RayCluster, data: Path) -> None:
        self.data = data
        self.token = secrets.token_hex(32)
        self.log = data.parent / f"{data.name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bottega_engine.service"],
                env={
                    **cluster.environment,
                    "BOTTEGA_ENGINE_TOKEN_SHA256": hashlib.sha256(self.token.encode()).hexdigest(),
                    "BOTTEGA_ENGINE_DATA": str(data),
                    "BOTTEGA_CLUSTER": "test",
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.port = self._read_ready_line()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @asynccontextmanager
    async def client(self) -> AsyncIterator[EngineClient]:
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {self.token}"}
        ) as session:
            yield EngineClient(session)

    def _read_ready_line(self) -> int:
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        data = b""
        while b"\n" not in data:
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            assert ready, f"The engine did not listen in time.\n{self.log.read_text()}"
            part = os.read(self.process.stdout.fileno(), 4096)
            assert part, f"The engine ended.\n{self.log.read_text()}"
            data += part
        return int(json.loads(data)["bottega_engine"]["port"])


class EngineClient:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Status and body."""
        async with self.session.request(method, path, json=body, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def send_folder(self, folder: Path) -> dict[str, Any]:
        """The tree of a folder, all its blobs sent."""
        files = {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        contents = {name: path.read_bytes() for name, path in files.items()}
        entries = [
            {"path": name, "type": "file", "blob": digest(data), "size": len(data), "executable": False}
            for name, data in sorted(contents.items(), key=lambda item: item[0].encode())
        ]
        blobs = {digest(data): data for data in contents.values()}
        _, answer = await self.ask("POST", "/v1/blobs/missing", {"blobs": list(blobs)})
        pack = b"".join(len(blobs[name]).to_bytes(8, "big") + blobs[name] for name in answer["missing"])
        async with self.session.post(
            "/v1/blobs", data=pack, headers={"Content-Type": "application/vnd.bottega.blobs"}
        ) as sent:
            assert sent.status == 204, await sent.text()
        return tree_of(entries)

    async def submit(self, folder: Path, config: dict[str, Any], run_id: str = "") -> str:
        run_id = run_id or f"run-{secrets.token_hex(6)}"
        body = {"name": "a run", "config": config, "tree": await self.send_folder(folder), "phases": []}
        status, answer = await self.ask("PUT", f"/v1/runs/{run_id}", body)
        assert status == 200, answer
        return run_id

    async def wait_for(
        self, run_id: str, is_it: Callable[[Event], bool], start: int = 1, timeout_s: float = 90
    ) -> list[Event]:
        """Events from `start` until one that `is_it`; fails when the run ends or the time is over before."""
        events: list[Event] = []
        try:
            async with asyncio.timeout(timeout_s):
                async with self.session.ws_connect("/v1/stream", max_msg_size=1024 * 1024) as stream:
                    await stream.send_json({"type": "follow", "run": run_id, "from": start})
                    while True:
                        message = await stream.receive_json()
                        assert message["type"] != "error", message
                        for event in message.get("events", []):
                            events.append(event)
                            assert event["seq"] == start + len(events) - 1
                            EventPage.model_validate({"events": [event], "last_seq": event["seq"]})
                            if is_it(event):
                                return events
                            assert not has_ended(event), tail(events)
        except TimeoutError:
            raise AssertionError(f"It did not come within {timeout_s:g} s. {tail(events)}") from None

    async def nodes_when_ready(self) -> list[dict[str, Any]]:
        """The nodes, as the stream says them, once every zygote is ready."""
        async with asyncio.timeout(START_S), self.session.ws_connect("/v1/stream") as stream:
            while True:
                message = await stream.receive_json()
                nodes: list[dict[str, Any]] = message.get("nodes", [])
                if nodes and all(node["zygote"] == "ready" for node in nodes):
                    return nodes

    async def end_of(self, run_id: str, timeout_s: float = 90) -> list[Event]:
        """All events of the run, once it has ended."""
        return await self.wait_for(run_id, has_ended, timeout_s=timeout_s)

    async def run(self, folder: Path, config: dict[str, Any], timeout_s: float = 90) -> list[Event]:
        return await self.end_of(await self.submit(folder, config), timeout_s)


def keeper_of(engine: EngineProcess) -> psutil.Process:
    """The keeper that is connected to the engine."""
    [keeper] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "bottega_engine.node.keeper" in (process.info["cmdline"] or [])
        and any(
            connection.raddr and connection.raddr.port == engine.port
            for connection in process.net_connections()
        )
    ]
    return keeper


def zygote_of(engine: EngineProcess) -> psutil.Process:
    keeper = keeper_of(engine)
    [zygote] = [child for child in keeper.children() if os.getsid(child.pid) == os.getsid(keeper.pid)]
    return zygote


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree_of(entries: list[dict[str, Any]]) -> dict[str, Any]:
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
    return {"digest": digest(text.encode()), "entries": entries}


def has_ended(event: Event) -> bool:
    return event["type"] == "status" and event["state"] in ENDED


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def states_of(events: list[Event]) -> list[str]:
    """The states it went through; several reasons of one state are one."""
    states = [event["state"] for event in of_type(events, "status")]
    return [state for before, state in itertools.pairwise(["", *states]) if state != before]


def output_of(events: list[Event], rank: int = 0) -> str:
    return "".join(event["text"] for event in of_type(events, "output") if event["rank"] == rank)


def metric(events: list[Event], name: str) -> list[float]:
    return [event["values"][name] for event in of_type(events, "metric") if name in event["values"]]


def tail(events: list[Event]) -> str:
    return "\n".join(json.dumps(event) for event in events[-12:])
