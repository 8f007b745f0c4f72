"""Phases of a start: of several ranks the slowest is what the person waits for; of a script the engine says them."""

from __future__ import annotations

import time
from typing import Any


class SlowestOf:
    def __init__(self, ranks: int) -> None:
        self._ranks = ranks
        self._waiting: dict[str, dict[int, dict[str, Any]]] = {}

    def add(self, rank: int, phase: dict[str, Any]) -> dict[str, Any] | None:
        """The slowest one, once every rank has ended this phase."""
        reported = self._waiting.setdefault(phase["name"], {})
        reported[rank] = phase
        return _slowest(self._waiting.pop(phase["name"])) if len(reported) == self._ranks else None

    def rest(self) -> list[dict[str, Any]]:
        """Phases that not every rank has ended, when no more will come."""
        phases = [_slowest(reported) for reported in self._waiting.values()]
        self._waiting.clear()
        return phases


class ScriptStart:
    """From the process of a script, which says nothing about its start, to its first line and its first number.

    One that logs a number first has no first line.
    """

    def __init__(self) -> None:
        self._coming = ["first_line", "first_step"]
        self._since_ms: float | None = None
        self._early: list[str] = []
        """Phases that ended before the process was heard of: lines and records come by different pipes."""

    @property
    def has_process(self) -> bool:
        return self._since_ms is not None

    def fork(self, phase: dict[str, Any]) -> list[dict[str, Any]]:
        """The process is there since this phase of it ended. Answers the phases that are over as well."""
        self._since_ms = phase["started"] + phase["duration_ms"]
        return [ended for name in self._early for ended in self.end(name)]

    def end(self, name: str) -> list[dict[str, Any]]:
        """The phase, when this is its end: each happens once, and none before the process is heard of."""
        if name not in self._coming:
            return []
        if (started := self._since_ms) is None:
            if name not in self._early:
                self._early.append(name)
            return []
        self._coming = self._coming[self._coming.index(name) + 1 :]
        self._since_ms = max(started, time.time() * 1000)
        return [{"type": "phase", "name": name, "started": started, "duration_ms": self._since_ms - started}]


def _slowest(reported: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return max(reported.values(), key=lambda phase: float(phase["started"] + phase["duration_ms"]))
