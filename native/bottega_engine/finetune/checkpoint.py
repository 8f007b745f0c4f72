"""Checkpoints: `checkpoint-<step>/` in the output folder of a run.

A checkpoint is complete when it has the file `.complete`, which is written last, after everything else has reached
the disk. Without it the folder is never used, whatever it holds.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bottega_engine.finetune import process_group
from bottega_engine.finetune.random_state import random_state
from bottega_engine.rank_context import RunFailed

COMPLETE = ".complete"
STATE = "training_state.pt"
FOLDER = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Position:
    """Where a run is in its data. Two positions of equal `data` continue each other exactly."""

    step: int
    data: dict[str, int]


def is_complete(folder: Path) -> bool:
    return (folder / COMPLETE).is_file()


def complete_checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in an output folder, oldest step first."""
    found = [
        (int(match[1]), path)
        for path in folder.glob("checkpoint-*")
        if (match := FOLDER.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found) if is_complete(path)]


def find_checkpoint(wanted: str, runs_dir: Path) -> Path:
    """The folder of `resume_from_checkpoint`. Raises RunFailed when there is no complete checkpoint there."""
    if Path(wanted).is_absolute():
        folder = Path(wanted)
        if folder.is_dir() and not FOLDER.fullmatch(folder.name):
            return _last_of(folder, wanted)
    else:
        run, _, name = wanted.partition("/")
        output = runs_dir / run / "output"
        if not output.is_dir():
            raise RunFailed(f"resume_from_checkpoint: there is no run {run} on this cluster.")
        if not name:
            return _last_of(output, wanted)
        folder = output / name
    if not folder.is_dir():
        raise RunFailed(f"resume_from_checkpoint: {wanted} is not there.", _others(folder.parent))
    if not is_complete(folder):
        raise RunFailed(
            f"resume_from_checkpoint: {wanted} is not complete: saving it was cut off.",
            _others(folder.parent),
        )
    return folder


def load_state(folder: Path) -> dict[str, Any]:
    """Optimizer, schedule, position and random states. Raises RunFailed when they cannot be read."""
    try:
        state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise RunFailed(f"The checkpoint {folder.name} cannot be read: {error}") from error
    return state


def save_checkpoint(
    output_dir: Path,
    rank: int,
    position: Position,
    save_weights: Callable[[Path], None],
    state: dict[str, Any],
) -> Path | None:
    """Called by every rank; rank 0 writes and gets the folder, the others get None. Raises RunFailed on a full disk."""
    random_states = process_group.gathered(random_state())
    if rank != 0:
        process_group.barrier()
        return None
    folder = output_dir / f"checkpoint-{position.step}"

    def write() -> None:
        save_weights(folder)
        whole = {**state, "step": position.step, "data": position.data, "random": random_states}
        with (folder / STATE).open("wb") as file:
            torch.save(whole, file)

    write_folder(folder, write)
    process_group.barrier()
    return folder


def write_folder(folder: Path, write: Callable[[], None]) -> None:
    """Makes a folder new, lets `write` fill it, and marks it complete. A failure leaves nothing behind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        write()
        for path in folder.rglob("*"):
            _flush(path)
        with (folder / COMPLETE).open("w") as marker:
            json.dump({"size_bytes": size_of(folder)}, marker)
        _flush(folder / COMPLETE)
        _flush(folder)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if _is_full_disk(error):
            raise RunFailed(
                f"There is no space left on the disk for {folder.name}; earlier checkpoints are untouched.",
                "Delete old runs, or set save_total_limit.",
            ) from error
        raise


def remove_old_checkpoints(output_dir: Path, limit: int) -> None:
    for folder in complete_checkpoints(output_dir)[:-limit]:
        (folder / COMPLETE).unlink()
        shutil.rmtree(folder)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _last_of(output: Path, wanted: str) -> Path:
    found = complete_checkpoints(output)
    if not found:
        raise RunFailed(
            f"resume_from_checkpoint: {wanted} has no complete checkpoint.", "Did it set save_steps?"
        )
    return found[-1]


def _others(output: Path) -> str:
    names = [path.name for path in complete_checkpoints(output)] if output.is_dir() else []
    return f"Complete are: {', '.join(names)}." if names else "There is no other complete checkpoint."


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    text = str(error)
    # safetensors reports the operating system's error as text of its own exception.
    if any(f"os error {code}" in text for code in (errno.ENOSPC, errno.EDQUOT)) or "No space left" in text:
        return True
    # torch.save fails to close its archive after the disk was full, and that is the error it raises.
    return error.__context__ is not None and _is_full_disk(error.__context__)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
