"""The processes of this machine, looked at often and cheaply: only those that are new or watched are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FORGET_AFTER_LOOKS = 20
"""A process id may be given to another process between two looks: from time to time all are read again."""


class Process(NamedTuple):
    """`memory_bytes` counts what it shares with others as well. A zombie has no memory and no threads."""

    pid: int
    parent: int
    group: int
    session: int
    threads: int
    memory_bytes: int


def read(pid: int) -> Process | None:
    """None when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name may have spaces and brackets.
    fields = text[text.rindex(b")") + 2 :].split()
    threads = 0 if fields[0] in b"ZX" else int(fields[17])
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), threads, int(fields[21]) * PAGE_BYTES)


def shared_out_bytes(pid: int) -> int:
    """Its memory, with what it shares divided among those who share it (PSS); slow for a large process."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


class Trees:
    """The descendants of some processes. Who once belonged to a tree belongs to it as long as it lives."""

    def __init__(self, roots: Iterable[int]) -> None:
        self._root_of: dict[int, int] = {root: root for root in roots}
        self._others: set[int] = set()
        self._looks = 0

    def add(self, root: int) -> None:
        self._root_of[root] = root

    def look(self) -> dict[int, list[Process]]:
        """The living members of each tree by its root, which is one of them."""
        pids = _all_pids()
        self._looks += 1
        self._others &= pids if self._looks % FORGET_AFTER_LOOKS else set()
        for gone in self._root_of.keys() - pids:
            del self._root_of[gone]
        members = {pid: process for pid in self._root_of if (process := read(pid)) is not None}
        new = [read(pid) for pid in pids - self._others - self._root_of.keys()]
        found = {process.pid: process for process in new if process is not None}
        for process in found.values():
            if (root := self._find(process, found)) is not None:
                self._root_of[process.pid] = root
                members[process.pid] = process
            else:
                self._others.add(process.pid)
        trees: dict[int, list[Process]] = {}
        for pid, process in members.items():
            trees.setdefault(self._root_of[pid], []).append(process)
        return trees

    def _find(self, process: Process, found: dict[int, Process]) -> int | None:
        seen = set[int]()
        current: Process | None = process
        while current is not None and current.pid not in seen:
            if (root := self._root_of.get(current.parent)) is not None:
                return root
            seen.add(current.pid)
            current = found.get(current.parent)
        return None


def children_of(parent: int) -> Iterator[Process]:
    for pid in _all_pids():
        if (process := read(pid)) is not None and process.parent == parent:
            yield process


def _all_pids() -> set[int]:
    # Ten times as fast as through Path.
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208
