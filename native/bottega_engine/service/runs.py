"""All runs of this engine: taken, carried through their life, found again after a restart."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bottega_engine.node import launch as messages
from bottega_engine.service.admission import Admission, Seats
from bottega_engine.service.changes import check_change
from bottega_engine.service.errors import EngineError, no_space, not_found
from bottega_engine.service.keepers import Keepers
from bottega_engine.service.records import record_of
from bottega_engine.service.retention.retention import ActiveRun
from bottega_engine.service.retention.trash import Trash
from bottega_engine.service.run import ENDED, EVENTS, SUBMIT, Run, last_event
from bottega_engine.service.spare_space import SpareSpace

log = logging.getLogger(__name__)

LOST = "The engine ended while this run was going on."
LOADING = "the libraries are being loaded on the node"
EARLY_GRACE_S = 1.0
"""Before its first step a training run has nothing to save."""
KILL_S = 10.0
RETRY_S = 1.0


class Runs:
    """Owns every run. `ray_address` is what scripts find in RAY_ADDRESS."""

    def __init__(self, data: Path, admission: Admission, ray_address: str) -> None:
        self._folder = data / "runs"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.trash = Trash(data / "trash")
        self._spare = SpareSpace(data / "spare")
        with suppress(OSError):
            self._spare.keep()
        self._admission = admission
        self._ray_address = ray_address
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Future[None]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self.keepers: Keepers

    def close_unfinished(self) -> int:
        """Ends the logs of runs that an earlier engine left open; answers how many."""
        count = 0
        for folder in self._folder.iterdir():
            if not (folder / SUBMIT).exists():
                shutil.rmtree(folder, ignore_errors=True)
            elif _end_in(folder) is None:
                run = self._open(folder.name)
                self._write(run, lambda run=run: run.end("lost", LOST), "lost", LOST)  # type: ignore[misc]
                count += 1
        return count

    def get(self, run_id: str) -> Run:
        """Raises not_found."""
        run = self._runs.get(run_id)
        if run is None:
            if not (self._folder / run_id / SUBMIT).exists():
                raise not_found(f"run {run_id}")
            run = self._open(run_id)
        return run

    def all(self) -> list[dict[str, Any]]:
        """EngineRuns. A run that ended in the life of an earlier engine is read only where its log ends."""
        return [
            self._runs[folder.name].record()
            if folder.name in self._runs
            else _end_in(folder) or self.get(folder.name).record()
            for folder in sorted(self._folder.iterdir())
            if (folder / SUBMIT).exists()
        ]

    def submit(self, run_id: str, submit: dict[str, Any]) -> Run:
        """Takes a run. The same again is the same run; something else under its id is a conflict."""
        folder = self._folder / run_id
        if (folder / SUBMIT).exists():
            run = self.get(run_id)
            if _asked(run.submit) != _asked(submit):
                raise EngineError("conflict", f"There is a run {run_id} already, and it is a different one.")
            return run
        self._admission.check_possible(submit["config"]["resources"])
        self._spare.keep()
        if folder.exists():
            shutil.rmtree(folder)
        try:
            run = Run.create(folder, submit)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._runs[run_id] = run
        self._tasks[run_id] = asyncio.create_task(self._carry(run))
        return run

    async def stop(self, run_id: str, grace_seconds: float) -> Run:
        """Asks a run to end; it is killed after the grace. Answers at once."""
        run = self.get(run_id)
        if run.has_ended:
            return run
        if not run.node:
            self._tasks[run_id].cancel()
            run.end("stopped", "stopped before it started")
        else:
            is_early = run.kind == "finetune" and run.state == "starting"
            grace = min(grace_seconds, EARLY_GRACE_S) if is_early else grace_seconds
            self._later(self.keepers.send(run.node, messages.Stop(run_id, grace)))
            run.set_state(run.state, "stopping")
        return run

    async def profile(self, run_id: str, steps: int) -> None:
        run = self.get(run_id)
        if run.kind != "finetune":
            raise EngineError(
                "conflict", "A script records its own traces.", "Use torch.profiler in the script."
            )
        if run.state not in ("starting", "running"):
            raise EngineError("conflict", f"The run is {run.state}: there are no steps to record.")
        await self.keepers.send(run.node, messages.Profile(run_id, steps))

    async def change(self, run_id: str, values: dict[str, Any]) -> None:
        """Changes live fields. When it holds is told by the run's `change` event: at once while it waits for seats."""
        run = self.get(run_id)
        check_change(run, values)
        if run.node:
            await self.keepers.send(run.node, messages.Change(run_id, values))
        else:
            run.change(values)

    def delete(self, run_id: str) -> None:
        run = self.get(run_id)
        if not run.has_ended:
            raise EngineError("conflict", f"The run is {run.state}.", "Stop it first.")
        for active in self.active():
            if active.resumes == run_id:
                raise EngineError(
                    "conflict", f"The run {active.id} begins from it.", "Wait until that is over."
                )
        del self._runs[run_id]
        self.trash.take(run.folder)
        self._later(self.trash.empty())

    def active(self) -> list[ActiveRun]:
        """Runs that have not ended; all of them are open."""
        return [
            ActiveRun(run.id, run.created_ms, run.resumes) for run in self._runs.values() if not run.has_ended
        ]

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
        """From the wait for seats to the end."""
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
            self._later(self.keepers.look())
            await ending
        except EngineError as error:
            self._fail(run, str(error))
        except Exception as error:
            # Whatever goes wrong here (Ray most likely), no run may wait for ever without a word.
            log.exception("Run %s could not be carried out.", run.id)
            self._fail(run, f"The engine could not start the run: {type(error).__name__}: {error}")
        finally:
            if seats is not None:
                self._later(self._release(run.id, seats))
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
            self._later(self._end_broken(run, state, reason or why_not_written(error)))

    async def _end_broken(self, run: Run, state: str, reason: str) -> None:
        ending = self._endings.get(run.id)
        if run.node and ending is not None:
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

    def _settle(self, run_id: str) -> None:
        ending = self._endings.get(run_id)
        if ending is not None and not ending.done():
            ending.set_result(None)

    def _open(self, run_id: str) -> Run:
        folder = self._folder / run_id
        run = Run(folder, json.loads((folder / SUBMIT).read_text()))
        first = max(1, run.log.last_seq)
        for event in run.log.read(first):
            if event["type"] == "status":
                run.state, run.reason = event["state"], event["reason"]
        if run.has_ended:
            run.close()
        self._runs[run_id] = run
        return run

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _logged(work: Any) -> None:
    try:
        await work
    except EngineError as error:
        log.warning("%s", error)


def why_not_written(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{no_space()} What the run wrote from then on is not kept."
    return f"The event log of the run cannot be written: {error.strerror}."


def _end_in(folder: Path) -> dict[str, Any] | None:
    """The EngineRun of a run that has ended; None when its log is still open."""
    event = last_event(folder / EVENTS)
    if event is None or event.get("type") != "status" or event["state"] not in ENDED:
        return None
    return {"id": folder.name, "state": event["state"], "reason": event["reason"], "last_seq": event["seq"]}


def _asked(submit: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two requests the same; the phases are only how long the caller took."""
    return submit["name"], submit["config"], submit["tree"]["digest"]
