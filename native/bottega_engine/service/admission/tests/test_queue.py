"""The rule of the queue, against random arrivals, sizes, priorities and ends: no Ray, no clock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bottega_engine.service.admission.queue import OVERTAKING_S, Need, Node, Queue, Room, Waiting

LARGE, SMALL = Room(8, 2), Room(4, 0)
needs = st.builds(Need, st.sampled_from([0.5, 1, 2, 4, 8]), st.sampled_from([0, 0, 0, 0.5, 1, 2]))
priorities = st.integers(-2, 2)


@dataclass
class Seats:
    """What one node hands out, as Ray would: never more than there is."""

    whole: Room
    running: dict[str, Need] = field(default_factory=dict)

    @property
    def node(self) -> Node:
        node = Node(self.whole, self.whole)
        for need in self.running.values():
            node = node.without(need)
        return node


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.seats = [Seats(SMALL), Seats(LARGE)]
        self.now = 0.0
        self.waiting: dict[str, Waiting] = {}
        self.count = 0

    def nodes(self) -> list[Node]:
        return [each.node for each in self.seats]

    def fitting(self, need: Need) -> list[Seats]:
        return [each for each in self.seats if each.node.free.holds(need)]

    @rule(need=needs, priority=priorities)
    def come(self, need: Need, priority: int) -> None:
        self.count += 1
        name = f"run-{self.count}"
        self.waiting[name] = self.queue.add(name, need, priority)
        self.queue.look([SMALL, LARGE])

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def give_up(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        self.queue.remove(name)
        del self.waiting[name]

    @rule(data=st.data())
    @precondition(lambda self: any(each.running for each in self.seats))
    def end(self, data: st.DataObject) -> None:
        busy = data.draw(st.sampled_from([each for each in self.seats if each.running]))
        del busy.running[data.draw(st.sampled_from(sorted(busy.running)))]

    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0, 45.0]))
    def time_passes(self, seconds: float) -> None:
        self.queue.head(self.now)
        self.now += seconds

    @rule(data=st.data())
    def give_seats(self, data: st.DataObject) -> None:
        head = self.queue.head(self.now)
        if head is not None and (fitting := self.fitting(head.need)):
            self._start(head, data.draw(st.sampled_from(fitting)))

    @rule(data=st.data())
    def let_overtake(self, data: st.DataObject) -> None:
        head, other = self.queue.head(self.now), self.queue.overtaker(self.nodes(), self.now)
        if other is None:
            return
        assert head is not None and other is not head
        order = self.queue.order()
        is_late = False
        for overtaken in order[: order.index(other)]:
            assert overtaken is head or is_late or not self.fitting(overtaken.need)
            is_late |= self.now - overtaken.head_since >= OVERTAKING_S
        self._start(other, data.draw(st.sampled_from(self.fitting(other.need))))

    def _start(self, waiting: Waiting, seats: Seats) -> None:
        assert seats.node.free.holds(waiting.need)
        self.queue.remove(waiting.run_id)
        seats.running[waiting.run_id] = waiting.need
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
            for each in self.seats:
                each.running.clear()
            self.now += OVERTAKING_S
            head = self.queue.head(self.now)
            assert head is not None
            self._start(head, self.fitting(head.need)[0])
        assert not self.waiting


TestQueue = QueueMachine.TestCase


@given(st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=200, max_size=300))
def test_a_large_run_is_not_starved_by_a_stream_of_small_ones(small: list[float]) -> None:
    """Each second one small run comes and one ends, so that the node is never empty until nobody overtakes."""
    queue, seats, now = Queue(), Seats(LARGE, {"first": Need(1, 0)}), 0.0
    large = queue.add("large", Need(LARGE.cpus, 0), 0)
    for number, cpus in enumerate(small):
        queue.add(f"small-{number}", Need(cpus, 0), 0)
        while (other := queue.overtaker([seats.node], now)) is not None:
            queue.remove(other.run_id)
            seats.running[other.run_id] = other.need
        now += 1
        if seats.running:
            del seats.running[next(iter(seats.running))]
        if seats.node.free.holds(large.need):
            break
    assert now <= OVERTAKING_S + LARGE.cpus + 1


def served(late: list[Need], nodes: list[Node]) -> list[bool]:
    """Which of them find a place, one after another."""
    found = []
    for need in late:
        fitting = next((node for node in nodes if node.free.holds(need)), None)
        nodes = [node.without(need) if node is fitting else node for node in nodes]
        found.append(fitting is not None)
    return found


@given(
    st.lists(st.tuples(st.booleans(), needs), max_size=4),
    st.lists(needs, min_size=1, max_size=3),
    st.lists(needs, min_size=1, max_size=3),
)
def test_whatever_ends_next_late_runs_are_served_as_if_nobody_had_overtaken_them(
    asked: list[tuple[bool, Need]], late: list[Need], others: list[Need]
) -> None:
    seats = [Seats(SMALL), Seats(LARGE)]
    for number, (is_large, need) in enumerate(asked):
        if seats[is_large].node.free.holds(need):
            seats[is_large].running[f"running-{number}"] = need
    queue = Queue()
    for number, need in enumerate([*late, *others]):
        waiting = queue.add(f"run-{number}", need, 0)
        waiting.head_since = 0 if number < len(late) else OVERTAKING_S
    other = queue.overtaker([each.node for each in seats], OVERTAKING_S)
    if other is None:
        return
    before = [
        need for waiting, need in zip(queue.order(), late, strict=False) if waiting.arrival < other.arrival
    ]
    running = [(each, name) for each in seats for name in each.running]
    for ending in itertools.product([False, True], repeat=len(running)):
        ended = {name for (_, name), ends in zip(running, ending, strict=True) if ends}
        left = [
            Seats(each.whole, {n: d for n, d in each.running.items() if n not in ended}) for each in seats
        ]
        without = [each.node for each in left]
        for taken, each in enumerate(seats):
            if each.node.free.holds(other.need):
                nodes = [node.without(other.need) if n == taken else node for n, node in enumerate(without)]
                assert served(before, nodes) == served(before, without)


@pytest.mark.parametrize(
    ("free", "need", "may"),
    [
        (Room(5, 0), Need(4, 0), True),
        (Room(5, 0), Need(4.5, 0), False),
        (Room(8, 1), Need(1, 0.5), False),
        (Room(8, 1), Need(1, 0), True),
    ],
)
def test_a_late_run_that_waits_for_gpus_is_overtaken_by_those_that_leave_what_it_needs(
    free: Room, need: Need, may: bool
) -> None:
    queue = Queue()
    head = queue.add("head", Need(1, 2), 0)
    assert queue.head(0) is head
    other = queue.add("other", need, 0)
    assert queue.overtaker([Node(LARGE, free)], OVERTAKING_S) is (other if may else None)


def test_a_node_that_could_never_hold_the_late_run_is_free_for_all_who_can_go_nowhere_else() -> None:
    queue = Queue()
    head = queue.add("head", Need(8, 1), 0)
    assert queue.head(0) is head
    other = queue.add("other", Need(4, 0), 0)
    small, full, large = Node(SMALL, SMALL), Node(LARGE, Room(0, 2)), Node(LARGE, Room(8, 0))
    assert queue.overtaker([small, full], OVERTAKING_S) is other
    assert queue.overtaker([small, large], OVERTAKING_S) is None


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
