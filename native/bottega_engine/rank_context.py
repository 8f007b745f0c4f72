"""What a training function gets from the process it runs in.

The engine's rank bootstrap builds one of these and calls `bottega_engine.finetune.train(config, context)`.
The current directory is `work_dir`, `sys.path[0]` is `work_dir`, and every record given to `emit` becomes one
event of the run's log (`schema/src/events.ts`), without its `seq`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class RunStopped(Exception):
    """The training function ended early because it was asked to: the run is `stopped`, not failed."""


class RunFailed(Exception):
    """The run cannot go on, for a reason the person can act on: show `message` and `hint`, not the traceback.

    Raised `from` the cause when there is one; a cause in the person's own code is worth its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class Control(Protocol):
    """What the engine asks of a running rank. Every call returns at once."""

    def stop_requested(self) -> bool:
        """True once the run was asked to stop; stays true."""
        ...

    def profile_request(self) -> int | None:
        """Steps to record from the next one, once per request; None when nobody asked."""
        ...

    def changes(self) -> list[dict[str, Any]]:
        """Live fields that are to change, by dotted key, in the order in which they were asked; each once."""
        ...


@dataclass(frozen=True)
class RankContext:
    """One rank of one run.

    `work_dir` holds the project files, `output_dir` what the run makes (checkpoints, traces, artifacts; event
    paths are relative to it), `runs_dir` holds one folder per run: `<runs_dir>/<run id>/output`. `tokens_dir` holds
    token caches, and is left out where none are kept. `base_key` names the base model that this process may find in memory.
    """

    run_id: str
    rank: int
    world_size: int
    local_rank: int
    work_dir: Path
    output_dir: Path
    runs_dir: Path
    emit: Callable[[dict[str, Any]], None]
    control: Control
    tokens_dir: Path | None = None
    base_key: str = ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times a part of the start (`imports`, `model`, `data`, `first_step`) and emits it when it is over.

        An exception inside leaves the phase unreported: it did not end.
        """
        started_ms = time.time() * 1000
        began = time.perf_counter()
        yield
        self.emit_phase(name, started_ms, (time.perf_counter() - began) * 1000)

    def emit_phase(self, name: str, started_ms: float, duration_ms: float) -> None:
        """Emits a phase that was timed by hand; `started_ms` is milliseconds since the Unix epoch."""
        self.emit({"type": "phase", "name": name, "started": started_ms, "duration_ms": duration_ms})
