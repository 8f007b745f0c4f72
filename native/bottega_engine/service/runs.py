"""All runs of this engine: taken, found again after a restart, deleted."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from bottega_engine.service.admission import Admission
from bottega_engine.service.attendant import Attendant
from bottega_engine.service.background import Background
from bottega_engine.service.errors import EngineError, not_found
from bottega_engine.service.retention.retention import ActiveRun
from bottega_engine.service.retention.trash import Trash
from bottega_engine.service.run import ENDED, EVENTS, SUBMIT, Run, last_event
from bottega_engine.service.spare_space import SpareSpace


class Runs:
    """Owns the folder of every run; its attendant carries those that go on."""

    def __init__(self, data: Path, admission: Admission, ray_address: str) -> None:
        self._folder = data / "runs"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.trash = Trash(data / "trash")
        self._spare = SpareSpace(data / "spare")
        with suppress(OSError):
            self._spare.keep()
        self._admission = admission
        self._runs: dict[str, Run] = {}
        self.attendant = Attendant(self._runs, admission, self._spare, ray_address)
        self._background = Background()

    def close_unfinished(self) -> int:
        """Ends the logs of runs that an earlier engine left open; answers how many."""
        count = 0
        for folder in self._folder.iterdir():
            if not (folder / SUBMIT).exists():
                shutil.rmtree(folder, ignore_errors=True)
            elif _end_in(folder) is None:
                self.attendant.lose(self._open(folder.name))
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
        self.attendant.begin(run)
        return run

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
        self._background.begin(self.trash.empty())

    def active(self) -> list[ActiveRun]:
        """Runs that have not ended; all of them are open."""
        return [
            ActiveRun(run.id, run.created_ms, run.resumes) for run in self._runs.values() if not run.has_ended
        ]

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


def _end_in(folder: Path) -> dict[str, Any] | None:
    """The EngineRun of a run that has ended; None when its log is still open."""
    event = last_event(folder / EVENTS)
    if event is None or event.get("type") != "status" or event["state"] not in ENDED:
        return None
    return {"id": folder.name, "state": event["state"], "reason": event["reason"], "last_seq": event["seq"]}


def _asked(submit: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two requests the same; the phases are only how long the caller took."""
    return submit["name"], submit["config"], submit["tree"]["digest"]
