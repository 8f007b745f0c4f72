"""Records optimizer steps with torch.profiler: one Chrome trace per rank, and a table of the costliest operators."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from bottega_engine.rank_context import RankContext, RunStopped

TABLE_ROWS = 30
GZIP_LEVEL = 4
"""Traces are repetitive text: higher levels cost seconds of training for a few percent."""


@dataclass(frozen=True)
class Window:
    """First and last step to record, counted from 1."""

    first: int
    last: int
    with_stack: bool = False


class StepRecorder:
    """Wraps every step; records those in a window. A window cut short by the end of the run keeps what it has."""

    def __init__(self, context: RankContext, device: torch.device, window: Window | None) -> None:
        self._context = context
        self._device = device
        self._window = window
        self._profile: profile | None = None
        self._first_recorded = 0
        self._last_recorded = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._profile is None:
            return
        if (kind is None or kind is RunStopped) and self._last_recorded:
            self._finish()
        else:
            self._profile.stop()

    def request(self, first: int, steps: int) -> None:
        """Records `steps` steps from step `first`; refused with a notice while others are being recorded."""
        if self._profile is not None:
            self._notice("warning", "A profile is being recorded; ask again when it is over.")
            return
        self._window = Window(first, first + steps - 1)

    def plan(self, window: Window | None, next_step: int) -> None:
        """Records another window than the one planned, or none. One that is being recorded is finished first."""
        if self._profile is not None:
            self._notice("warning", "A profile is being recorded; change profile again when it is over.")
            return
        if window is not None and window.last < next_step:
            self._notice(
                "warning", f"Steps {window.first} to {window.last} are over: no profile is made of them."
            )
        self._window = window

    @contextmanager
    def step(self, step: int) -> Iterator[None]:
        """One step, named `step <number>` in traces."""
        if (
            self._profile is None
            and self._window is not None
            and self._window.first <= step <= self._window.last
        ):
            self._start(step, self._window)
        with record_function(f"step {step}"):
            yield
        if self._profile is not None:
            self._last_recorded = step
            if self._window is None or step >= self._window.last:
                self._finish()

    def _start(self, step: int, window: Window) -> None:
        activities = [ProfilerActivity.CPU]
        if self._device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        self._first_recorded, self._last_recorded = step, 0
        self._profile = profile(
            activities=activities, record_shapes=True, with_stack=window.with_stack, acc_events=True
        )
        self._profile.start()

    def _finish(self) -> None:
        profile, self._profile, self._window = self._profile, None, None
        assert profile is not None
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        profile.stop()
        try:
            self._emit_trace(profile)
        except OSError as error:
            # Training is worth more than its trace.
            self._notice("error", f"The trace was not written: {error}.")
            return
        if self._context.rank == 0:
            self._emit_table(profile)

    @property
    def _name(self) -> str:
        return f"steps-{self._first_recorded}-{self._last_recorded}"

    def _emit_trace(self, profile: profile) -> None:
        folder = self._context.output_dir / "traces"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._name}.rank{self._context.rank}.json.gz"
        plain, packed = path.with_suffix(""), path.with_suffix(".partial")
        try:
            profile.export_chrome_trace(str(plain))
            _compress(plain, packed)
            packed.rename(path)
        finally:
            plain.unlink(missing_ok=True)
            packed.unlink(missing_ok=True)
        self._context.emit(
            {
                "type": "trace",
                "name": self._name,
                "rank": self._context.rank,
                "first_step": self._first_recorded,
                "last_step": self._last_recorded,
                "path": str(path.relative_to(self._context.output_dir)),
                "size_bytes": path.stat().st_size,
            }
        )

    def _emit_table(self, profile: profile) -> None:
        by = "self_cuda_time_total" if self._device.type == "cuda" else "self_cpu_time_total"
        text = profile.key_averages().table(sort_by=by, row_limit=TABLE_ROWS, max_name_column_width=60)
        self._context.emit(
            {
                "type": "artifact",
                "kind": "table",
                "name": self._name,
                "step": self._last_recorded,
                "text": text,
            }
        )

    def _notice(self, level: str, message: str) -> None:
        if self._context.rank == 0 or level == "error":
            self._context.emit({"type": "notice", "level": level, "message": message})


def window_of(settings: dict[str, Any] | None) -> Window | None:
    """The window of the config key `profile`."""
    if settings is None:
        return None
    first, last = settings["steps"]
    return Window(first, last, settings["with_stack"])


def _compress(source: Path, target: Path) -> None:
    with source.open("rb") as plain, gzip.open(target, "wb", compresslevel=GZIP_LEVEL) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
