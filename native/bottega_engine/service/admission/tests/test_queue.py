"""The rule of the queue, against random arrivals, sizes, priorities and ends: no Ray, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bottega_engine.service.admission.queue import OVERTAKING_S, Need, Queue, Room, Waiting

CPUS, GPUS = 8.0, 2.0
needs = st.builds(Need, st.sampled_from([0.5, 1, 2, 4, 8]), st.sampled_from([0, 0, 0, 0.5, 1, 2]))
priorities = st.integers(-2, 2)


@dataclass
class Node:
    """What the queue hands out, as Ray would: never more than there is."""

    running: dict[str, Need] = field(default_factory=dict)

    @property
    def free(self) -> Room:
        return Room(
            CPUS - sum(need.cpus for need in self.running.values()),
            GPUS - sum(need.gpus for need in self.running.values()),
        )


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.node = Node()
        self.now = 0.0
        self.waiting: dict[str, Waiting] = {}
        self.count = 0

    @rule(need=needs, priority=priorities)
    def come(self, need: Need, priority: int) -> None:
        self.count += 1
        name = f"run-{self.count}"
        self.waiting[name] = self.queue.add(name, need, priority)
        self.queue.look([Room(CPUS, GPUS)])

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def give_up(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        self.queue.remove(name)
        del self.waiting[name]

    @rule(data=st.data())
    @precondition(lambda self: self.node.running)
    def end(self, data: st.DataObject) -> None:
        del self.node.running[data.draw(st.sampled_from(sorted(self.node.running)))]

    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0, 45.0]))
    def time_passes(self, seconds: float) -> None:
        self.queue.head(self.now)
        self.now += seconds

    @rule()
    def give_seats(self) -> None:
        head = self.queue.head(self.now)
        if head is not None and self.node.free.holds(head.need):
            self._start(head)

    @rule()
    def let_overtake(self) -> None:
        head, other = self.queue.head(self.now), self.queue.overtaker([self.node.free], self.now)
        if other is None:
            return
        assert head is not None and other is not head
        order = self.queue.order()
        for overtaken in order[: order.index(other)]:
            assert self.now - overtaken.head_since < OVERTAKING_S
            assert overtaken is head or not self.node.free.holds(overtaken.need)
        self._start(other)

    def _start(self, waiting: Waiting) -> None:
        assert self.node.free.holds(waiting.need)
        self.queue.remove(waiting.run_id)
        self.node.running[waiting.run_id] = waiting.need
        del self.waiting[waiting.run_id]

    @invariant()
    def everybody_has_one_place_and_only_one_is_the_head(self) -> None:
        order = self.queue.order()
        assert sorted(each.run_id for each in order) == sorted(self.waiting)
        assert self.queue.head(self.now) is (order[0] if order else None)

    @invariant()
    def priority_then_arrival_decides(self) -> None:
        order = [(-each.priority, each.arrival) for each in self.queue.order()]
        assert order == sorted(order)

    def teardown(self) -> None:
        """When everything that runs ends in its turn, everybody is served, and within one round each."""
        for _ in range(len(self.waiting)):
            self.node.running.clear()
            self.now += OVERTAKING_S
            self.give_seats()
        assert not self.waiting


TestQueue = QueueMachine.TestCase


@given(st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=200, max_size=300))
def test_a_large_run_is_not_starved_by_a_stream_of_small_ones(small: list[float]) -> None:
    """Each second one small run comes and one ends, so that the node is never empty until nobody overtakes."""
    queue, node, now = Queue(), Node({"first": Need(1, 0)}), 0.0
    large = queue.add("large", Need(CPUS, 0), 0)
    for number, cpus in enumerate(small):
        queue.add(f"small-{number}", Need(cpus, 0), 0)
        while (other := queue.overtaker([node.free], now)) is not None:
            queue.remove(other.run_id)
            node.running[other.run_id] = other.need
        now += 1
        if node.running:
            del node.running[next(iter(node.running))]
        if node.free.holds(large.need):
            break
    assert now <= OVERTAKING_S + CPUS + 1


def test_a_run_whose_node_left_keeps_its_place_and_holds_up_nobody() -> None:
    queue = Queue()
    large, small = queue.add("large", Need(8, 0), 1), queue.add("small", Need(1, 0), 0)
    queue.look([Room(8, 0)])
    assert queue.head(0) is large
    queue.look([Room(2, 0)])
    assert queue.head(OVERTAKING_S * 2) is small
    queue.look([Room(2, 0), Room(8, 0)])
    assert queue.head(OVERTAKING_S * 2) is large
    assert queue.order() == [large, small]
