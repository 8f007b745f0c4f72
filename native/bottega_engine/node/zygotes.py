"""The zygote of a node: started, looked after, and renewed beside the old one, so that there is always one to fork."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bottega_engine.node.forking_process import (
    FORK_TIMEOUT_S,
    Forked,
    ForkingProcess,
    Refused,
    ZygoteFailed,
)

START_TIMEOUT_S = 180.0
END_TIMEOUT_S = 2.0
FIRST_DELAY_S = 0.2
LAST_DELAY_S = 20.0
CHECK_EVERY_S = 30.0
MOST_FORKS = 2000
MOST_GROWTH_BYTES = 512 * 1024 * 1024

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
NOT_FOR_RUNS = {
    # A script that calls ray.init() is a driver of its own, not a part of the engine's Ray job.
    *("RAY_JOB_ID", "RAY_JOB_CONFIG_JSON_ENV_VAR", "RAY_RAYLET_PID", "RAY_NODE_ID", "RAY_WORKER_NICENESS"),
    *("BOTTEGA_ENGINE_TOKEN_SHA256", "PYTHONDONTWRITEBYTECODE"),
}


def clean_environment(overlay: str = "") -> dict[str, str]:
    """The environment in which ranks begin, however they are started."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_RUNS}
    if overlay:
        paths = [overlay, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment | ONE_THREAD | QUIET


@dataclass
class Zygotes:
    """One zygote that forks, and older ones until their ranks have ended.

    `changed` hears `starting`, `ready` or `failed`. `overlay` is a folder that comes first in the search path of the
    zygote and its ranks. `living` are the ranks that have not ended, whoever made them; give it to let several share it.
    """

    changed: Callable[[str], None]
    overlay: str = ""
    living: set[int] = field(default_factory=set)
    state: str = "starting"
    failure: str = ""
    _current: _Zygote | None = None
    _decided: asyncio.Event = field(default_factory=asyncio.Event)
    _old: set[_Zygote] = field(default_factory=set)

    async def keep(self) -> None:
        """Has a zygote ready for ever; cancel it to end."""
        failures = 0
        try:
            while True:
                if self._current is None:
                    self._set("failed" if failures > 2 else "starting")
                if failures:
                    await asyncio.sleep(min(LAST_DELAY_S, FIRST_DELAY_S * 2**failures))
                zygote = await _Zygote.start(self.overlay)
                self._old.add(zygote)
                if not await self._is_ready(zygote):
                    failures += 1
                    continue
                failures = 0
                self._swap(zygote)
                await self._until_unfit(zygote)
                if zygote.is_closed:
                    failures = 1
        finally:
            for each in list(self._old):
                each.end()

    async def fork(self, descriptors: list[int]) -> Forked:
        """As Forker says. A zygote that dies or refuses in between is replaced, and the new one is asked."""
        pid, exit_code = await self.ask(b"fork", descriptors)
        self.living.add(pid)
        return pid, exit_code

    async def ask(self, what: bytes, descriptors: list[int]) -> Forked:
        """A child of the zygote: a rank or a template. Raises ZygoteFailed."""
        for _ in range(3):
            await self.wait_until_ready()
            if (zygote := self._current) is not None:
                try:
                    return await zygote.process.fork(descriptors, what)
                except Refused as refusal:
                    self._drop(zygote, f"The zygote cannot fork: {refusal}")
                except ConnectionError as error:
                    self._drop(zygote, f"The zygote ended: {error}")
                except TimeoutError:
                    self._drop(zygote, f"The zygote did not fork within {FORK_TIMEOUT_S:g} seconds.")
                    zygote.kill()
        raise ZygoteFailed(self.failure)

    async def wait_until_ready(self) -> None:
        """Raises ZygoteFailed when it takes too long, or when it has failed several times."""
        try:
            await asyncio.wait_for(self._decided.wait(), START_TIMEOUT_S)
        except TimeoutError:
            raise ZygoteFailed(self.failure or "The zygote did not get ready.") from None
        if self.state == "failed":
            raise ZygoteFailed(self.failure)

    async def _is_ready(self, zygote: _Zygote) -> bool:
        try:
            await zygote.process.ready(START_TIMEOUT_S)
        except (ConnectionError, TimeoutError):
            # One that has left the channel is ending by itself, and its code says how.
            with suppress(TimeoutError):
                await asyncio.wait_for(zygote.ended(), END_TIMEOUT_S)
            zygote.kill()
            await zygote.ended()
            self._old.discard(zygote)
            self.failure = f"The zygote ended with code {zygote.code} before it was ready."
            return False
        return True

    def _swap(self, zygote: _Zygote) -> None:
        old, self._current = self._current, zygote
        if old is not None:
            old.process.retire()
        self._set("ready")

    def _drop(self, zygote: _Zygote, reason: str) -> None:
        """Whoever asks from now on waits for the next one."""
        self.failure = reason
        if self._current is zygote:
            self._current = None
            self._set("starting")
            zygote.process.retire()
        zygote.is_unfit.set()

    async def _until_unfit(self, zygote: _Zygote) -> None:
        """Returns when another one is wanted: this one has ended, is not healthy, or has served long enough."""
        checking = asyncio.create_task(zygote.until_worn())
        ending = asyncio.create_task(zygote.ended())
        unfit = asyncio.create_task(zygote.is_unfit.wait())
        ending.add_done_callback(lambda _: self._old.discard(zygote))
        try:
            await asyncio.wait({checking, ending, unfit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            checking.cancel()
            unfit.cancel()
        if ending.done():
            self._drop(zygote, f"The zygote ended with code {zygote.code}.")

    def _set(self, state: str) -> None:
        self.state = state
        if state == "starting":
            self._decided.clear()
        else:
            self._decided.set()
        self.changed(state)


class _Zygote:
    def __init__(self, child: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._child = child
        self.process = ForkingProcess(channel)
        self.is_unfit = asyncio.Event()

    @classmethod
    async def start(cls, overlay: str) -> _Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bottega_engine.node.zygote", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=clean_environment(overlay),
            )
        return cls(child, ours)

    @property
    def code(self) -> int | None:
        return self._child.returncode

    @property
    def is_closed(self) -> bool:
        return self.process.is_closed

    async def ended(self) -> None:
        await self._child.wait()
        self.process.close()

    async def until_worn(self) -> None:
        """Returns when it should be renewed. One that hangs is killed."""
        first_bytes = anonymous_bytes_of(self._child.pid)
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                threads = await self.process.threads()
            except TimeoutError:
                self.kill()
                return
            except ConnectionError:
                return
            growth = anonymous_bytes_of(self._child.pid) - first_bytes
            if threads > 1 or self.process.forks > MOST_FORKS or growth > MOST_GROWTH_BYTES:
                return

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._child.kill()

    def end(self) -> None:
        self.process.close()


def anonymous_bytes_of(pid: int | str) -> int:
    """Memory of a process that no file backs; 0 when it is gone or the kernel does not say."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0
