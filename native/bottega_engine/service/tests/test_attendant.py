"""A run that waits for seats while the disk is full: it ends, once, and has no seats afterwards."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from bottega_engine.eventlog import EventLog
from bottega_engine.service.admission import Admission
from bottega_engine.service.attendant import UNSTARTED, Attendant
from bottega_engine.service.run import Run
from bottega_engine.service.spare_space import SpareSpace

SUBMIT = {
    "name": "one",
    "config": {"kind": "script", "command": "a.py", "resources": {"ranks": 1}, "priority": 0},
    "tree": {"digest": "", "entries": []},
    "phases": [],
}


class NoSeats:
    """An admission in which everybody waits."""

    tell: Callable[[str, dict[str, int]], None]
    has_waiting = False

    async def reserve(self, run_id: str, resources: Any, priority: int, tell: Any) -> None:
        self.tell = tell
        self.has_waiting = True
        try:
            await asyncio.Event().wait()
        finally:
            self.has_waiting = False


@pytest.fixture
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpareSpace:
    """What is kept of a disk that is full otherwise."""
    file, write = tmp_path / "spare", EventLog._write

    def write_on_it(log: EventLog, data: bytes) -> None:
        if file.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(log, data)

    monkeypatch.setattr(EventLog, "_write", write_on_it)
    return SpareSpace(file)


@pytest.mark.parametrize("is_stopped", [False, True])
async def test_a_run_that_waits_on_a_full_disk_ends_and_waits_no_longer(
    tmp_path: Path, spare: SpareSpace, is_stopped: bool
) -> None:
    run = Run.create(tmp_path / "run-000001", SUBMIT)
    admission = NoSeats()
    attendant = Attendant({run.id: run}, cast(Admission, admission), spare, "")
    attendant.begin(run)
    await asyncio.sleep(0)
    spare.keep()
    if is_stopped:
        attendant.stop(run, 1)
    else:
        admission.tell("waits for 1 CPU", {"position": 1, "length": 1})
    async with asyncio.timeout(5):
        while not run.has_ended or admission.has_waiting:
            await asyncio.sleep(0.01)
    if is_stopped:
        assert (run.state, run.reason) == ("stopped", UNSTARTED)
    else:
        assert run.state == "failed"
        assert run.reason.startswith("There is no space left on the disk")
    assert [event["state"] for event in run.log.read(1)] == ["pending", run.state]
