"""Phases of a start with several ranks: the slowest rank is what the person waits for."""

from __future__ import annotations

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


def _slowest(reported: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return max(reported.values(), key=lambda phase: float(phase["started"] + phase["duration_ms"]))
