"""The folders of all runs: how large they are, and which blobs they need."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bottega_engine.service.run import EVENTS, SUBMIT


class _Entry(msgspec.Struct):
    blob: str = ""


class _Tree(msgspec.Struct):
    entries: list[_Entry]


class _Submit(msgspec.Struct):
    """The part of submit.json that matters here; trees are large, and the rest is not read."""

    name: str
    tree: _Tree


_decoder = msgspec.json.Decoder(_Submit)


@dataclass
class RunFolder:
    id: str
    name: str
    size_bytes: int
    last_used_ms: float


@dataclass
class RunFolders:
    runs: list[RunFolder] = field(default_factory=list)
    blobs: set[str] = field(default_factory=set)
    """What the runs that stay need."""
    unreadable: list[str] = field(default_factory=list)
    """Nobody knows which blobs these need."""


class Sizes:
    """Sizes of run folders; that of an ended run is looked up once."""

    def __init__(self) -> None:
        self._ended: dict[str, int] = {}

    def of(self, folder: Path, has_ended: bool) -> int:
        known = self._ended.get(folder.name)
        if known is not None:
            return known
        size = folder_size(folder)
        if has_ended:
            self._ended[folder.name] = size
        return size


def read_run_folders(
    folder: Path, size_of: Callable[[Path], int], without: Collection[str] = ()
) -> RunFolders:
    """Reads every run there is, so call it in a thread. The blobs are those of all runs but `without`."""
    found = RunFolders()
    for path in sorted(folder.iterdir()):
        try:
            submit = _decoder.decode((path / SUBMIT).read_bytes())
            last_used_ms = (path / EVENTS).stat().st_mtime * 1000
        except FileNotFoundError:
            # It is being made, or was deleted just now.
            continue
        except (OSError, msgspec.MsgspecError):
            found.unreadable.append(path.name)
            continue
        found.runs.append(RunFolder(path.name, submit.name, size_of(path), last_used_ms))
        if path.name not in without:
            found.blobs.update(entry.blob for entry in submit.tree.entries if entry.blob)
    return found


def folder_size(folder: Path) -> int:
    """Bytes of all files in it. Links count as links; what goes away meanwhile counts as nothing."""
    size = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return size
