"""The keeper's side of the zygote: starts it, asks it for ranks, hears how they end, and renews it when it dies."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

START_TIMEOUT_S = 180.0
FORK_TIMEOUT_S = 20.0
FIRST_DELAY_S = 0.2
LAST_DELAY_S = 20.0


ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # pyarrow's allocator would start a thread when it is imported.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
QUIET = {
    # torch.profiler's library tells every run on a machine without a GPU that there is none.
    "KINETO_LOG_LEVEL": "99",
}


Forked = tuple[int, asyncio.Future[int]]


class ZygoteFailed(Exception):
    """No rank can be forked, and why."""


@dataclass
class Zygotes:
    """One zygote at a time. `changed` hears `starting`, `ready` or `failed`; `living` are the ranks that were forked."""

    changed: Callable[[str], None]
    state: str = "starting"
    living: set[int] = field(default_factory=set)
    _current: _Zygote | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _failure: str = ""

    async def keep(self) -> None:
        """Runs a zygote after another for ever; cancel it to end."""
        failures = 0
        while True:
            self._set("starting")
            zygote = await _Zygote.start()
            self._current = zygote
            try:
                if await zygote.is_ready():
                    failures, self._failure = 0, ""
                    self._set("ready")
                await zygote.ended()
            finally:
                zygote.close()
                self._current = None
                self._ready.clear()
            failures += 1
            self._failure = self._failure or f"The zygote ended with code {zygote.code}."
            self._set("failed" if failures > 2 else "starting")
            await asyncio.sleep(min(LAST_DELAY_S, FIRST_DELAY_S * 2**failures))

    async def fork(self, descriptors: list[int]) -> Forked:
        """The process id of a new rank, and its exit code to come (negative for a signal). Raises ZygoteFailed.

        A zygote that dies in between is replaced, and the new one is asked.
        """
        for _ in range(3):
            await self.wait_until_ready()
            if (zygote := self._current) is not None:
                try:
                    pid, exit_code = await asyncio.wait_for(zygote.fork(descriptors), FORK_TIMEOUT_S)
                    self.living.add(pid)
                    return pid, exit_code
                except (ConnectionError, TimeoutError) as error:
                    self._failure = (
                        str(error) or f"The zygote did not fork within {FORK_TIMEOUT_S:g} seconds."
                    )
                    self._ready.clear()
                    zygote.kill()
        raise ZygoteFailed(self._failure)

    async def wait_until_ready(self) -> None:
        """Raises ZygoteFailed when it takes too long."""
        try:
            await asyncio.wait_for(self._ready.wait(), START_TIMEOUT_S)
        except TimeoutError:
            raise ZygoteFailed(self._failure or "The zygote did not get ready.") from None

    def _set(self, state: str) -> None:
        self.state = state
        if state == "ready":
            self._ready.set()
        else:
            self._ready.clear()
        self.changed(state)


NOT_FOR_RUNS = {
    # A script that calls ray.init() is a driver of its own, not a part of the engine's Ray job.
    *("RAY_JOB_ID", "RAY_JOB_CONFIG_JSON_ENV_VAR", "RAY_RAYLET_PID", "RAY_NODE_ID", "RAY_WORKER_NICENESS"),
    *("BOTTEGA_ENGINE_TOKEN_SHA256", "PYTHONDONTWRITEBYTECODE"),
}


class _Zygote:
    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[bool] = self._loop.create_future()
        self._forks: list[asyncio.Future[Forked]] = []
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._is_closed = False
        self._loop.add_reader(channel, self._receive)

    @classmethod
    async def start(cls) -> _Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        environment = {
            name: value for name, value in os.environ.items() if name not in NOT_FOR_RUNS
        } | ONE_THREAD
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bottega_engine.node.zygote", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
            )
        return cls(process, ours)

    @property
    def code(self) -> int | None:
        return self._process.returncode

    async def is_ready(self) -> bool:
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), START_TIMEOUT_S)
        except TimeoutError:
            self.kill()
            return False

    async def ended(self) -> None:
        await self._process.wait()
        self._lose()

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    def close(self) -> None:
        """Without its keeper the zygote kills its ranks and ends."""
        self._lose()
        self._channel.close()

    async def fork(self, descriptors: list[int]) -> Forked:
        if self._is_closed:
            raise ConnectionError("The zygote has ended.")
        forked: asyncio.Future[Forked] = self._loop.create_future()
        self._forks.append(forked)
        socket.send_fds(self._channel, [b"fork"], descriptors)
        return await forked

    def _receive(self) -> None:
        try:
            message = self._channel.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            message = b""
        if not message:
            self._lose()
            return
        said = json.loads(message)
        if "ready" in said:
            self._ready.set_result(True)
        elif "forked" in said:
            self._answer_fork(said["forked"])
        elif "refused" in said:
            self._lose(said["refused"])
        else:
            exit_ = self._exits.pop(said["exited"])
            if not exit_.done():
                exit_.set_result(said["status"])

    def _answer_fork(self, pid: int) -> None:
        exit_code = self._exits[pid] = self._loop.create_future()
        forked = self._forks.pop(0)
        if not forked.done():
            forked.set_result((pid, exit_code))

    def _lose(self, reason: str = "The zygote ended.") -> None:
        """Nobody is there to say how the ranks end: whoever waits for that hears it, and looks by itself."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._channel)
        if not self._ready.done():
            self._ready.set_result(False)
        waiting: list[asyncio.Future[Any]] = [*self._forks, *self._exits.values()]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(ConnectionError(reason))
