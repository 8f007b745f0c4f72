"""The keeper: one process on each node, started by a Ray actor, that owns the zygote and the runs of the node.

    python -m bottega_engine.node.keeper    (settings as one line of JSON on standard input)

It lives as long as its standard input is open and the engine answers: without either its runs have no log, so it ends,
and every process that it started with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import aiohttp
import msgspec

from bottega_engine.node import launch as messages
from bottega_engine.node.guard import Guard, Limits
from bottega_engine.node.memory import node_memory
from bottega_engine.node.node_runs import NodeRuns
from bottega_engine.node.outbox import Outbox
from bottega_engine.node.run_environments import RunEnvironments
from bottega_engine.node.starts import Starts
from bottega_engine.node.strays import adopt_orphans
from bottega_engine.node.templates import Room, Templates
from bottega_engine.node.zygotes import Zygotes

MEMORY_EVERY_S = 5.0


class KeeperSettings(msgspec.Struct, frozen=True):
    """`engine` is the address of the engine's HTTP API, `is_head` whether the engine's data folder is on this node.

    `resident_memory` is the part of the node's memory for base models, `resident_idle_s` how long one stays unused.
    `most_processes` and `least_memory` are the limits of the guard.
    """

    engine: str
    secret: str
    node: str
    data: str
    is_head: bool
    resident_memory: float
    resident_idle_s: float
    most_processes: int = Limits.most_processes
    least_memory: float = Limits.least_memory


class Keeper:
    def __init__(self, settings: KeeperSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()
        self._outbox = Outbox(lambda message: self._socket.send_bytes(message))
        self._zygotes = Zygotes(lambda state: self._outbox.say(messages.ZygoteState(state)))
        room = Room(settings.resident_memory, settings.resident_idle_s)
        self._templates = Templates(self._zygotes, self._say_templates, room)
        fetch = None if settings.is_head else self._fetch
        starts = Starts(self._zygotes, self._templates)
        data = Path(settings.data)
        environments = RunEnvironments(data, self._zygotes.living)
        self._runs = NodeRuns(data, starts, environments, self._outbox.add, fetch)
        limits = Limits(settings.most_processes, settings.least_memory)
        self._guard = Guard(self._runs.live, limits)
        self._socket: aiohttp.ClientWebSocketResponse

    async def serve(self) -> None:
        """Until the engine is gone."""
        headers = {"Authorization": f"Bearer {self._settings.secret}"}
        url = f"{self._settings.engine}/v1/keepers/{self._settings.node}"
        async with self._session.ws_connect(
            url, headers=headers, max_msg_size=0, heartbeat=20
        ) as self._socket:
            self._later(self._outbox.deliver())
            self._later(self._zygotes.keep())
            self._later(self._templates.keep())
            self._later(self._report_memory())
            self._later(self._guard.watch())
            try:
                async for message in self._socket:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        self._obey(messages.decode_to_keeper(message.data))
            finally:
                self._runs.kill_all()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _obey(self, order: messages.ToKeeper) -> None:
        match order:
            case messages.Launch():
                self._later(self._run(order))
            case messages.Stop():
                self._later(self._runs.stop(order.run_id, order.grace_seconds))
            case messages.DropTemplate():
                self._templates.drop(order.key)
            case messages.Change():
                # After the launch that came before it has been taken.
                self._later(self._runs.change(order.run_id, order.values))
            case messages.Profile():
                self._runs.profile(order.run_id, order.steps)

    async def _run(self, launch: messages.Launch) -> None:
        end = await self._runs.run(launch)
        self._outbox.say(messages.Ended(launch.run_id, end.state, end.reason, end.exit_code))

    def _say_templates(self) -> None:
        self._outbox.say(
            messages.Templates(
                [
                    messages.TemplateState(
                        template.base.key,
                        template.base.label,
                        template.size_bytes,
                        template.last_used * 1000,
                        template.is_needed,
                    )
                    for template in self._templates.all()
                ]
            )
        )

    async def _report_memory(self) -> None:
        while True:
            memory = node_memory()
            used = memory.total_bytes - memory.available_bytes
            self._outbox.say(messages.Memory(memory.total_bytes, used))
            await asyncio.sleep(MEMORY_EVERY_S)

    async def _fetch(self, digest: str) -> bytes:
        url = f"{self._settings.engine}/v1/keepers/blobs/{digest}"
        async with self._session.get(
            url, headers={"Authorization": f"Bearer {self._settings.secret}"}
        ) as answer:
            answer.raise_for_status()
            return await answer.read()

    def _later(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def keep(settings: KeeperSettings) -> None:
    async with aiohttp.ClientSession() as session:
        serving = asyncio.create_task(Keeper(settings, session).serve())
        abandoned = asyncio.create_task(_input_closed())
        await asyncio.wait({serving, abandoned}, return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        abandoned.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _input_closed() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.read(1024):
        pass


def main() -> None:
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=KeeperSettings)
    adopt_orphans()
    asyncio.run(keep(settings))


if __name__ == "__main__":
    main()
