"""Who asks Ray when, without Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bottega_engine.service.admission import admission as module
from bottega_engine.service.admission.admission import Admission

RESOURCES = {"ranks": 1, "cpus_per_rank": 1, "gpus_per_rank": 0}


class OneNode:
    def resources(self) -> list[dict[str, Any]]:
        return [{"id": "node", "cpus": 1, "gpus": 0, "cpus_free": 0, "gpus_free": 0}]

    async def look(self) -> None: ...


class OneSeat:
    """Ray with one seat. As with Ray, who asks before it is free does not hear of it soon."""

    def __init__(self) -> None:
        self.is_free = True
        self.asked: list[str] = []
        self.waiting: list[str] = []

    async def ask(self, run_id: str, resources: dict[str, Any], patience_s: float | None) -> Any:
        self.asked.append(run_id)
        if not self.is_free:
            self.waiting.append(run_id)
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting.remove(run_id)
        self.is_free = False
        return self

    async def release(self) -> None:
        self.is_free = True


async def test_who_waits_asks_again_when_a_run_has_given_its_seats_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seat = OneSeat()
    monkeypatch.setattr(module, "ask_for_seats", seat.ask)
    admission = Admission()
    admission.nodes = OneNode()
    seats = await admission.reserve("first", RESOURCES, 0, lambda why, place: None)
    second = asyncio.create_task(admission.reserve("second", RESOURCES, 0, lambda why, place: None))
    while not seat.waiting:
        await asyncio.sleep(0.01)
    await admission.release("first", seats)
    assert await asyncio.wait_for(second, 10) is seats
    assert seat.asked == ["first", "second", "second"]
    assert seat.waiting == []
