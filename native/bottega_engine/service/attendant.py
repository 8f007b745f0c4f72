"""Carries each run from the wait for seats to its end, whatever happens on the way."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from bottega_engine.node import launch as messages
from bottega_engine.service.admission import Admission, Seats
from bottega_engine.service.background import Background
from bottega_engine.service.changes import check_change
from bottega_engine.service.errors import EngineError, no_space
from bottega_engine.service.keepers import Keepers
from bottega_engine.service.records import record_of
from bottega_engine.service.run import Run
from bottega_engine.service.spare_space import SpareSpace

log = logging.getLogger(__name__)

LOST = "The engine ended while this run was going on."
UNSTARTED = "stopped before it started"
LOADING = "the libraries are being loaded on the node"
EARLY_GRACE_S = 1.0
"""Before its first step a training run has nothing to save."""
KILL_S = 10.0
RETRY_S = 1.0


class Attendant:
    """`runs` are those in memory, all that go on among them. `ray_address` is what scripts find in RAY_ADDRESS."""

    keepers: Keepers

    def __init__(
        self, runs: Mapping[str, Run], admission: Admission, spare: SpareSpace, ray_address: str
    ) -> None:
        self._runs = runs
        self._admission = admission
        self._spare = spare
        self._ray_address = ray_address
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Future[None]] = {}
        self._background = Background()

    def begin(self, run: Run) -> None:
        self._tasks[run.id] = asyncio.create_task(self._carry(run))

    def lose(self, run: Run) -> None:
        """Ends a run that an earlier engine left open."""
        self._write(run, lambda: run.end("lost", LOST), "lost", LOST)

    def stop(self, run: Run, grace_seconds: float) -> None:
        """Asks a run to end; it is killed after the grace. Returns at once."""
        if run.has_ended:
            return
        if not run.node:
            self._give_up(run.id)
            self._write(run, lambda: run.end("stopped", UNSTARTED), "stopped", UNSTARTED)
        else:
            is_early = run.kind == "finetune" and run.state == "starting"
            grace = min(grace_seconds, EARLY_GRACE_S) if is_early else grace_seconds
            self._background.begin(self.keepers.send(run.node, messages.Stop(run.id, grace)))
            self._write(run, lambda: run.set_state(run.state, "stopping"))

    async def profile(self, run: Run, steps: int) -> None:
        if run.kind != "finetune":
            raise EngineError(
                "conflict", "A script records its own traces.", "Use torch.profiler in the script."
            )
        if run.state not in ("starting", "running"):
            raise EngineError("conflict", f"The run is {run.state}: there are no steps to record.")
        await self.keepers.send(run.node, messages.Profile(run.id, steps))

    async def change(self, run: Run, values: dict[str, Any]) -> None:
        """Changes live fields. When it holds is told by the run's `change` event: at once while it waits for seats."""
        check_change(run, values)
        if run.node:
            await self.keepers.send(run.node, messages.Change(run.id, values))
        else:
            run.change(values)

    def records(self, run_id: str, records: list[dict[str, Any]]) -> None:
        run = self._runs.get(run_id)
        if run is None or run.has_ended or run.is_broken:
            return
        checked = [(int(said["rank"]), record_of(said)) for said in records]
        if any(record is None for _, record in checked):
            log.warning("Run %s wrote a record that is none.", run_id)
        self._write(run, lambda: run.take([(rank, record) for rank, record in checked if record is not None]))

    def ended(self, run_id: str, state: str, reason: str, exit_code: int | None) -> None:
        run = self._runs.get(run_id)
        if run is None:
            return
        if not run.is_broken:
            self._write(run, lambda: run.end(state, reason, exit_code), state, reason)
        self._settle(run_id)

    def node_lost(self, node: str) -> None:
        for run in list(self._runs.values()):
            if run.node == node and not run.has_ended:
                self.ended(run.id, "lost", "The node it ran on, or its keeper, is gone.", None)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _carry(self, run: Run) -> None:
        asked_ms = time.time() * 1000
        seats: Seats | None = None
        try:
            seats = await self._admission.reserve(
                run.id,
                run.submit["config"]["resources"],
                run.submit["config"]["priority"],
                lambda why, place: self._write(run, lambda: run.set_state("pending", why, queue=place)),
            )
            now_ms = time.time() * 1000
            run.append(
                {"type": "phase", "name": "seats", "started": asked_ms, "duration_ms": now_ms - asked_ms}
            )
            run.set_state("starting", "" if self.keepers.is_warm(seats.node) else LOADING)
            run.node = seats.node
            ending = self._endings[run.id] = asyncio.get_running_loop().create_future()
            launch = messages.Launch(
                run.id, run.config, run.submit["tree"], seats.gpus, self._ray_address, now_ms
            )
            await self.keepers.send(seats.node, launch)
            self._background.begin(self.keepers.look())
            await ending
        except EngineError as error:
            self._fail(run, str(error))
        except Exception as error:
            # Whatever goes wrong here (Ray most likely), no run may wait for ever without a word.
            log.exception("Run %s could not be carried out.", run.id)
            self._fail(run, f"The engine could not start the run: {type(error).__name__}: {error}")
        finally:
            if seats is not None:
                self._background.begin(self._release(run.id, seats))
            self._endings.pop(run.id, None)
            self._tasks.pop(run.id, None)

    async def _release(self, run_id: str, seats: Seats) -> None:
        await self._admission.release(run_id, seats)
        await self.keepers.look()

    def _fail(self, run: Run, reason: str) -> None:
        if not run.is_broken:
            self._write(run, lambda: run.end("failed", reason), "failed", reason)

    def _write(self, run: Run, write: Callable[[], None], state: str = "failed", reason: str = "") -> None:
        """Writes to a log. When that fails, a full disk most likely, the run ends, and its log as soon as it can."""
        try:
            write()
        except OSError as error:
            log.error("The log of run %s cannot be written: %s", run.id, error)
            run.is_broken = True
            self._background.begin(self._end_broken(run, state, reason or why_not_written(error)))

    async def _end_broken(self, run: Run, state: str, reason: str) -> None:
        ending = self._endings.get(run.id)
        if not run.node:
            self._give_up(run.id)
        elif ending is not None:
            await self.keepers.send(run.node, messages.Stop(run.id, 0))
            # The processes may be what fills the disk: they go first.
            await asyncio.wait([ending], timeout=KILL_S)
        self._spare.give()
        while not run.has_ended:
            try:
                run.end(state, reason)
            except OSError:
                await asyncio.sleep(RETRY_S)
        self._settle(run.id)

    def _give_up(self, run_id: str) -> None:
        """It waits for seats no longer."""
        if (task := self._tasks.get(run_id)) is not None:
            task.cancel()

    def _settle(self, run_id: str) -> None:
        ending = self._endings.get(run_id)
        if ending is not None and not ending.done():
            ending.set_result(None)


def why_not_written(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{no_space()} What the run wrote from then on is not kept."
    return f"The event log of the run cannot be written: {error.strerror}."
