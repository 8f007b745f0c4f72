"""Takes runs from the queue to their seats: one placement group for the head, and one at a time for who overtakes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import ray

from bottega_engine.service.admission import seats as ray_seats
from bottega_engine.service.admission import words
from bottega_engine.service.admission.queue import Need, Node, Queue, Room, Waiting
from bottega_engine.service.admission.seats import Seats, ask_for_seats
from bottega_engine.service.errors import EngineError

log = logging.getLogger(__name__)

PATIENCE_S = 0.15
"""A wait that is shorter needs no reason, and nobody overtakes in it."""
LOOK_EVERY_S = 1.0
"""While the head waits, free seats for those behind it are looked for so often."""
LOOK_S = 5.0
"""A control store that does not say what is free by then is not waited for: it may be the turn of somebody else."""

Place = dict[str, int]
Tell = Callable[[str, Place], None]


class Nodes(Protocol):
    """The nodes as they were last seen: asking Ray would block the event loop."""

    def resources(self) -> list[dict[str, Any]]: ...

    async def look(self) -> None: ...


@dataclass(eq=False)
class _Asked:
    waiting: Waiting
    resources: dict[str, Any]
    tell: Tell
    since: float
    seats: asyncio.Future[Seats]
    told: tuple[str, Place] | None = None
    told_at: float = 0.0


@dataclass(eq=False)
class Admission:
    """The rule is in queue.py. Of all waiting runs at most two ask Ray at a time: it slows down with many groups."""

    nodes: Nodes = field(init=False)
    _queue: Queue = field(default_factory=Queue)
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _holders: dict[str, Need] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None
    _telling: asyncio.TimerHandle | None = None
    _last_round: float = 0.0

    async def warm_up(self) -> None:
        await ray_seats.warm_up()

    def check_possible(self, resources: dict[str, Any]) -> None:
        """Raises too_few_seats when no node of the cluster could ever hold the run."""
        need, nodes = Need.of(resources), self._rooms()
        if nodes and not any(node.holds(need) for node in nodes):
            raise EngineError(
                "too_few_seats",
                words.too_large(need, nodes),
                "Lower resources.ranks, resources.cpus_per_rank or resources.gpus_per_rank.",
            )

    async def reserve(self, run_id: str, resources: dict[str, Any], priority: int, tell: Tell) -> Seats:
        """Waits for its turn and for the seats; `tell` hears why. Cancel it to give up. Raises EngineError."""
        waiting = self._queue.add(run_id, Need.of(resources), priority)
        answer: asyncio.Future[Seats] = asyncio.get_running_loop().create_future()
        asked = self._asked[run_id] = _Asked(waiting, resources, tell, time.monotonic(), answer)
        self._queue.look(self._rooms())
        self._wake()
        try:
            seats = await answer
            if resources["gpus_per_rank"] > 0:
                await seats.hold_gpus(resources)
        except BaseException:
            if asked.seats.done() and not asked.seats.cancelled() and asked.seats.exception() is None:
                await asyncio.shield(self.release(run_id, asked.seats.result()))
            raise
        finally:
            self._forget(run_id)
        return seats

    async def release(self, run_id: str, seats: Seats) -> None:
        self._holders.pop(run_id, None)
        await seats.release()
        self._tell_later()

    def looked(self) -> None:
        """The nodes have changed."""
        if self._asked:
            self._queue.look(self._rooms())
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._tell_later()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())

    def _forget(self, run_id: str) -> None:
        if self._asked.pop(run_id, None) is not None:
            self._queue.remove(run_id)
            self._changed.set()
            self._tell_later()

    async def _serve(self) -> None:
        """While somebody waits who can be held."""
        while (head := self._queue.head(time.monotonic())) is not None:
            asking = asyncio.create_task(self._give(head, None))
            try:
                await self._while_head_waits(head, asking)
            finally:
                asking.cancel()
                await asyncio.wait([asking])

    async def _while_head_waits(self, head: Waiting, asking: asyncio.Task[bool]) -> None:
        patience_s = PATIENCE_S
        while not asking.done() and self._queue.head(time.monotonic()) is head:
            self._changed.clear()
            changed = asyncio.create_task(self._changed.wait())
            await asyncio.wait([asking, changed], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if not changed.cancel() or asking.done():
                continue
            patience_s = LOOK_EVERY_S
            await self._let_overtake()

    async def _let_overtake(self) -> None:
        """All who may, and fit, one after another."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self.nodes.look()
        except (ray.exceptions.RayError, RuntimeError, OSError) as error:
            log.warning("Ray does not say what is free: %s", error)
            return
        nodes = {node["id"]: _node(node) for node in self.nodes.resources()}
        while (other := self._queue.overtaker(nodes.values(), time.monotonic())) is not None:
            if not await self._give(other, ray_seats.WAIT_S):
                return
            taken = self._asked[other.run_id].seats.result().node if other.run_id in self._asked else ""
            if taken not in nodes:
                return
            nodes[taken] = nodes[taken].without(other.need)

    async def _give(self, waiting: Waiting, patience_s: float | None) -> bool:
        """Whether it got its seats, or at least an answer."""
        asked = self._asked.get(waiting.run_id)
        if asked is None:
            return False
        try:
            seats = await ask_for_seats(waiting.run_id, asked.resources, patience_s)
        except Exception as error:
            self._queue.remove(waiting.run_id)
            if not asked.seats.done():
                asked.seats.set_exception(error)
            return False
        if seats is None:
            return False
        self._queue.remove(waiting.run_id)
        if asked.seats.done():
            await asyncio.shield(seats.release())
            return False
        self._holders[waiting.run_id] = waiting.need
        asked.seats.set_result(seats)
        return True

    def _rooms(self) -> list[Room]:
        return [_node(node).whole for node in self.nodes.resources()]

    def _tell_later(self) -> None:
        if self._telling is None and self._asked:
            delay = max(PATIENCE_S, self._last_round + words.ROUND_S - time.monotonic())
            self._telling = asyncio.get_running_loop().call_later(delay, self._tell_round)

    def _tell_round(self) -> None:
        self._telling = None
        now = time.monotonic()
        order = self._queue.order()
        nodes, before = self._rooms(), list[str]()
        is_late = False
        for position, waiting in enumerate(order, 1):
            asked = self._asked[waiting.run_id]
            place = {"position": position, "length": len(order)}
            news = (self._reason(waiting, nodes, before), place)
            if waiting.is_possible:
                before.append(waiting.run_id)
            if asked.told == news:
                continue
            is_due = position <= words.FIRST or now - asked.told_at >= words.OTHERS_EVERY_S
            if is_due and now - asked.since >= PATIENCE_S:
                asked.told, asked.told_at, self._last_round = news, now, now
                asked.tell(*news)
            else:
                is_late = True
        if is_late:
            self._tell_later()

    def _reason(self, waiting: Waiting, nodes: list[Room], before: list[str]) -> str:
        if not waiting.is_possible and nodes:
            return words.node_left(waiting.need)
        return words.reason(waiting.need, nodes, self._holders, before)


def _node(seen: dict[str, Any]) -> Node:
    """`seen` are NodeResources."""
    return Node(Room(seen["cpus"], seen["gpus"]), Room(seen["cpus_free"], seen["gpus_free"]))
