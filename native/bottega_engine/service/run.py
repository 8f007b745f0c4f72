"""One run as the engine knows it: what was asked for, its event log, and the state the log says it is in."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from bottega_engine.eventlog import Event, EventLog
from bottega_engine.live_config import changed
from bottega_engine.service.executed import ExecutedModules
from bottega_engine.service.phases import ScriptStart, SlowestOf
from bottega_engine.service.records import (
    Artifact,
    KeeperPhase,
    Metric,
    Modules,
    Notice,
    Output,
    Phase,
    Record,
    Start,
    Waiting,
    event_of,
)

ENDED = ("done", "failed", "stopped", "lost")
SUBMIT, EVENTS = "submit.json", "events.jsonl"


class Run:
    """`submit` has the shape of EngineSubmit. Every change of state goes through the log."""

    def __init__(self, folder: Path, submit: dict[str, Any]) -> None:
        self.id = folder.name
        self.folder = folder
        self.submit = submit
        self.state = "pending"
        self.reason = ""
        self.node = ""
        self.is_broken = False
        """Its log cannot be written: what it says is dropped, and it is being ended."""
        self.log = EventLog(folder / EVENTS)
        self._phases = SlowestOf(submit["config"]["resources"]["ranks"])
        self._queue: dict[str, int] | None = None
        self._script_start = ScriptStart()
        self._executed = ExecutedModules(submit["tree"])
        self.config: dict[str, Any] = submit["config"]
        """As the run has it now, with what was changed since it was asked for."""

    @classmethod
    def create(cls, folder: Path, submit: dict[str, Any]) -> Run:
        """Raises OSError; what was written until then is no run yet."""
        folder.mkdir(parents=True, mode=0o700)
        temporary = folder / f"{SUBMIT}.part"
        temporary.write_text(json.dumps(submit))
        temporary.rename(folder / SUBMIT)
        run = cls(folder, submit)
        for phase in submit["phases"]:
            run.append({"type": "phase", **phase})
        run.append({"type": "status", "state": "pending", "reason": ""})
        return run

    @property
    def kind(self) -> str:
        return str(self.submit["config"]["kind"])

    @cached_property
    def created_ms(self) -> float:
        return (self.folder / SUBMIT).stat().st_mtime * 1000

    @property
    def resumes(self) -> str:
        """The run whose checkpoint it begins from; empty when it begins anew, or from a folder of somebody else."""
        wanted = str(self.submit["config"].get("resume_from_checkpoint") or "")
        runs = str(self.folder.parent)
        return wanted.removeprefix(f"{runs}/").partition("/")[0]

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def record(self) -> dict[str, Any]:
        """An EngineRun."""
        return {"id": self.id, "state": self.state, "reason": self.reason, "last_seq": self.log.last_seq}

    def append(self, event: Event) -> None:
        self.log.append(event)
        if event["type"] == "status":
            self.state, self.reason = event["state"], event["reason"]
            self._queue = event.get("queue")
        elif event["type"] == "change":
            self.config, _ = changed(self.config, event["values"])

    def set_state(self, state: str, reason: str = "", **more: Any) -> None:
        if (state, reason, more.get("queue")) != (self.state, self.reason, self._queue):
            self.append({"type": "status", "state": state, "reason": reason, **more})

    def change(self, values: dict[str, Any]) -> None:
        """Changes live fields of the config that a run which waits will begin with. Raises OSError."""
        _, before = changed(self.config, values)
        self.append({"type": "change", "step": 1, "values": values, "before": before})

    def end(self, state: str, reason: str, exit_code: int | None = None) -> None:
        """Writes what is left to say and the last event."""
        if self.has_ended:
            return
        for phase in self._phases.rest():
            self.append(phase)
        more = {} if exit_code is None or exit_code < 0 else {"exit_code": exit_code}
        self.append({"type": "status", "state": state, "reason": reason, **more})
        self.close()

    def close(self) -> None:
        """Keeps in memory only what is asked of a run that has ended: no open file, no list of the project's files."""
        self.log.close()
        self.submit = {**self.submit, "tree": {**self.submit["tree"], "entries": []}}
        self._executed = ExecutedModules(self.submit["tree"])

    def take(self, records: list[tuple[int, Record]]) -> None:
        """Writes what ranks said, each with its record."""
        if self.has_ended:
            return
        with self.log.batch():
            for rank, record in records:
                self._take(rank, record)

    def _take(self, rank: int, record: Record) -> None:
        event = event_of(record)
        if isinstance(record, Waiting):
            if self.reason != "stopping":
                self.set_state("starting", record.reason)
        elif isinstance(record, KeeperPhase | Start):
            self.append(event)
        elif isinstance(record, Modules):
            self._take_modules(event)
        elif isinstance(record, Phase):
            self._take_phase(rank, event)
        elif self.kind == "script":
            self._take_of_script(record, event)
        else:
            self.append(event)

    def _take_modules(self, event: Event) -> None:
        if kept := self._executed.take(event["modules"]):
            self.append({**event, "modules": kept})
        for sentence in self._executed.differences(kept):
            self.append({"type": "notice", "level": "warning", "message": sentence})

    def _take_phase(self, rank: int, event: Event) -> None:
        if (whole := self._phases.add(rank, event)) is not None:
            self.append(whole)
        if event["name"] == "fork" and self.kind == "script" and not self._script_start.has_process:
            self.set_state("running", self.reason if self.reason == "stopping" else "")
            for phase in self._script_start.fork(event):
                self.append(phase)

    def _take_of_script(self, record: Record, event: Event) -> None:
        if not isinstance(record, Output | Metric | Artifact | Notice):
            return
        if isinstance(record, Output | Metric):
            for phase in self._script_start.end("first_line" if isinstance(record, Output) else "first_step"):
                self.append(phase)
        self.append(event)


def last_event(events: Path) -> Event | None:
    """The last whole event of a log that is closed, without reading all of it; None when it is not so simple."""
    try:
        with events.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 16_384))
            event = json.loads(file.read().rsplit(b"\n", 2)[-2])
    except (OSError, ValueError, IndexError):
        return None
    return event if isinstance(event, dict) else None
