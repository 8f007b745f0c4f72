"""The order in which runs get seats, as a plain data structure: no Ray, no clock of its own.

The rule:

1. A run with a higher priority comes first; equal ones in the order in which they came.
2. The head, the first run of that order, gets the next seats that are enough for it, all of them at once.
3. While the head waits, a later run that fits into what is free now may overtake, the first in the order first.
4. When a run has been the head for `OVERTAKING_S` it is late: until it has its seats, only those after it overtake
   that cannot delay it, because they take nothing that it waits for. So a run that needs much is never starved by a
   stream of small ones, and one that waits for a GPU holds up nobody who needs none.
5. A run that no node could hold even if it were empty (its node left) keeps its place, but holds up nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OVERTAKING_S = 60.0


@dataclass(frozen=True)
class Need:
    """What a run needs, all on one node."""

    cpus: float
    gpus: float

    @classmethod
    def of(cls, resources: dict[str, Any]) -> Need:
        """`resources` as in a run config."""
        ranks = resources["ranks"]
        return cls(ranks * resources["cpus_per_rank"], ranks * resources["gpus_per_rank"])


@dataclass(frozen=True)
class Room:
    """What one node has, in all or free now."""

    cpus: float
    gpus: float

    def holds(self, need: Need) -> bool:
        # Ray counts in ten-thousandths.
        return self.cpus > need.cpus - 1e-4 and self.gpus > need.gpus - 1e-4


@dataclass(frozen=True)
class Node:
    """What one node has, in all and free now."""

    whole: Room
    free: Room

    def can_spare(self, need: Need, late: Iterable[Need]) -> bool:
        """Whether the late ones find here what they would have found, whoever ends when, although `need` is taken."""
        here = [each for each in late if self.whole.holds(each)]
        # What it does not take is as it was, and of what it takes there must be enough for all of them.
        cpus = sum(each.cpus for each in here) if need.cpus else 0
        gpus = sum(each.gpus for each in here) if need.gpus else 0
        return not here or self.without(need).free.holds(Need(cpus, gpus))

    def without(self, need: Need) -> Node:
        return Node(self.whole, Room(self.free.cpus - need.cpus, self.free.gpus - need.gpus))


@dataclass(eq=False)
class Waiting:
    run_id: str
    need: Need
    priority: int
    arrival: int
    is_possible: bool = True
    head_since: float = math.inf


@dataclass
class Queue:
    _waiting: dict[str, Waiting] = field(default_factory=dict)
    _arrivals: int = 0

    def add(self, run_id: str, need: Need, priority: int) -> Waiting:
        self._arrivals += 1
        waiting = self._waiting[run_id] = Waiting(run_id, need, priority, self._arrivals)
        return waiting

    def remove(self, run_id: str) -> None:
        """It has its seats, or gave up."""
        self._waiting.pop(run_id, None)

    def order(self) -> list[Waiting]:
        return sorted(self._waiting.values(), key=lambda each: (-each.priority, each.arrival))

    def look(self, nodes: Iterable[Room]) -> None:
        """Marks who could be held at all; `nodes` as if they were empty."""
        nodes = list(nodes)
        for waiting in self._waiting.values():
            waiting.is_possible = any(node.holds(waiting.need) for node in nodes)

    def head(self, now: float) -> Waiting | None:
        head = next((waiting for waiting in self.order() if waiting.is_possible), None)
        if head is not None:
            head.head_since = min(head.head_since, now)
        return head

    def overtaker(self, nodes: Iterable[Node], now: float) -> Waiting | None:
        """The run after the head that may go before it now. On which of the nodes that hold it, Ray decides."""
        nodes = list(nodes)
        head = self.head(now)
        late: list[Need] = []
        for waiting in self.order():
            if not waiting.is_possible:
                continue
            fitting = [node for node in nodes if node.free.holds(waiting.need)]
            if (
                waiting is not head
                and fitting
                and all(node.can_spare(waiting.need, late) for node in fitting)
            ):
                return waiting
            if now - waiting.head_since >= OVERTAKING_S:
                late.append(waiting.need)
        return None
