"""The packages of the runs of one node: installed before their ranks start, and the zygotes that have them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bottega_engine.environments import EnvironmentFailed, Environments, Overlay, read_requirements
from bottega_engine.node.forking_process import ZygoteFailed
from bottega_engine.node.keeper_record import Say, phase, waiting
from bottega_engine.node.zygotes import Zygotes

IDLE_S = 600.0
"""So long a zygote for an environment waits for the next run that needs it."""


class RunEnvironments:
    """`living` are the ranks of the node, whoever forked them."""

    def __init__(self, data: Path, living: set[int]) -> None:
        self._environments = Environments(data / "environments")
        self._living = living
        self._own: dict[str, _OwnZygotes] = {}

    async def prepare(self, config: dict[str, Any], work_dir: Path, say: Say) -> Overlay | None:
        """None when the run needs nothing more than there is. Raises EnvironmentFailed and ZygoteFailed."""
        requirements = await asyncio.to_thread(read_requirements, config, work_dir)
        if requirements is None:
            return None

        async def notice(message: str) -> None:
            await say({"type": "notice", "level": "info", "message": message})

        async def progress(message: str) -> None:
            await say(waiting("packages are being installed"))
            await notice(message)

        began = time.time()
        try:
            overlay, had_to_wait = await self._environments.prepare(requirements, progress)
        except OSError as error:
            raise EnvironmentFailed(f"{error.strerror or error}.") from error
        async with self.zygotes(overlay) as own:
            if own is not None and own.state != "ready":
                had_to_wait = True
                await self._wait_for(own, overlay)
        if had_to_wait:
            await say(waiting(""))
            await say(phase("environment", began))
        if overlay is not None and (had_to_wait or overlay.shadows_base):
            await notice(f"The run has {in_words(overlay)}.")
        return overlay

    @asynccontextmanager
    async def zygotes(self, overlay: Overlay | None) -> AsyncIterator[Zygotes | None]:
        """Those of its own that a run needs when packages of the base, which others have imported, are replaced."""
        if overlay is None or not overlay.shadows_base:
            yield None
            return
        own = self._own.get(overlay.digest)
        if own is None:
            own = self._own[overlay.digest] = _OwnZygotes(overlay, self._living)
        own.enter()
        try:
            yield own.zygotes
        finally:
            own.leave(lambda: self._own.pop(overlay.digest, None))

    async def _wait_for(self, own: Zygotes, overlay: Overlay | None) -> None:
        try:
            await own.wait_until_ready()
        except ZygoteFailed as error:
            words = in_words(overlay) if overlay else ""
            raise ZygoteFailed(f"{error} Do the libraries of the cluster work with {words}?") from error


def in_words(overlay: Overlay) -> str:
    instead = f", instead of the cluster's {', '.join(overlay.replaced)}" if overlay.replaced else ""
    return f"{', '.join(overlay.added)}{instead}"


class _OwnZygotes:
    """Ends when nobody has used it for a while."""

    def __init__(self, overlay: Overlay, living: set[int]) -> None:
        self.zygotes = Zygotes(lambda _: None, overlay=str(overlay.site), living=living)
        self._keeping = asyncio.create_task(self.zygotes.keep())
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None

    def enter(self) -> None:
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()

    def leave(self, ended: Callable[[], object]) -> None:
        self._users -= 1

        def end() -> None:
            self._keeping.cancel()
            ended()

        if self._users == 0:
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, end)
