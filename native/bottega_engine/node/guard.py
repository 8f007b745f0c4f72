"""The guard of a node: looks at what its runs use, and ends one that would harm the node or the other runs.

It needs no rights and no cgroups: what belongs to a run is known because ranks adopt what their descendants leave
behind (strays.py). It looks twice in a second, and more often when something grows fast.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bottega_engine.node.live_run import LiveRun
from bottega_engine.node.memory import Memory, node_memory
from bottega_engine.node.process_table import Process, Trees, shared_out_bytes

LOOK_EVERY_S = 0.5
SHORTEST_S = 0.02
GIB = 1024**3


@dataclass(frozen=True)
class Limits:
    """`most_processes`: processes and threads for each rank. `least_memory`: the part of the node's that stays free."""

    most_processes: int = 2000
    least_memory: float = 0.05


@dataclass
class _Growth:
    """How long until a number that grows as it did reaches its limit."""

    last: float = 0.0
    at: float = 0.0

    def seconds_to(self, limit: float, now_is: float) -> float:
        now = time.monotonic()
        rate = (now_is - self.last) / (now - self.at) if self.at and now > self.at else 0.0
        self.last, self.at = now_is, now
        return (limit - now_is) / rate if rate > 0 else math.inf


@dataclass
class Guard:
    """`runs` answers the runs that have ranks now."""

    runs: Callable[[], Collection[LiveRun]]
    limits: Limits
    memory: Callable[[], Memory] = node_memory
    _trees: Trees = field(default_factory=lambda: Trees([]))
    _growth: dict[object, _Growth] = field(default_factory=dict)

    async def watch(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self.look())

    def look(self) -> float:
        """Ends who has to be ended; answers in how many seconds to look again."""
        runs = [run for run in self.runs() if run.pids and not run.is_ended_by_guard]
        if not runs:
            self._growth.clear()
            return LOOK_EVERY_S
        for run in runs:
            for pid in run.pids:
                self._trees.add(pid)
        trees = self._trees.look()
        soonest = min(self._look_at(run, trees) for run in runs)
        soonest = min(soonest, self._look_at_node(runs, trees))
        return min(LOOK_EVERY_S, max(SHORTEST_S, soonest / 2))

    def _look_at(self, run: LiveRun, trees: dict[int, list[Process]]) -> float:
        """Seconds until this run could be over a limit."""
        soonest = math.inf
        for rank, pid in enumerate(run.pids):
            tree = trees.get(pid, [])
            count = sum(process.threads for process in tree)
            if count > self.limits.most_processes:
                run.end_because(too_many(count, self.limits.most_processes))
                return math.inf
            soonest = min(soonest, self._seconds_to((pid, "count"), self.limits.most_processes, count))
            if run.memory_limit_bytes is not None:
                # What processes share is counted more than once: only near the limit it is worth to know better.
                used = sum(process.memory_bytes for process in tree)
                if used > run.memory_limit_bytes:
                    used = sum(shared_out_bytes(process.pid) for process in tree)
                if used > run.memory_limit_bytes:
                    run.end_because(too_much_memory(rank, used, run.memory_limit_bytes))
                    return math.inf
                soonest = min(soonest, self._seconds_to((pid, "memory"), run.memory_limit_bytes, used))
        if run.silent_s > run.stall_s:
            run.end_stalled()
        return soonest

    def _look_at_node(self, runs: list[LiveRun], trees: dict[int, list[Process]]) -> float:
        """Before the kernel chooses whom to kill, the largest run goes."""
        memory = self.memory()
        least = self.limits.least_memory * memory.total_bytes
        if memory.available_bytes >= least:
            return self._seconds_to("node", -least, -memory.available_bytes)
        if any(run.is_ended_by_guard for run in self.runs()):
            # Its memory is not free yet.
            return math.inf
        sizes = {
            run: sum(shared_out_bytes(process.pid) for pid in run.pids for process in trees.get(pid, []))
            for run in runs
        }
        largest = max(runs, key=lambda run: sizes[run])
        largest.end_because(node_is_full(memory, sizes[largest]))
        return math.inf

    def _seconds_to(self, what: object, limit: float, now_is: float) -> float:
        return self._growth.setdefault(what, _Growth()).seconds_to(limit, now_is)


def too_many(count: int, most: int) -> str:
    return (
        f"The run was ended: it had {count:,} processes and threads; {most:,} are allowed for each rank. "
        "Look for a loop that starts them without waiting for their end."
    )


def too_much_memory(rank: int, used: int, limit: int) -> str:
    return (
        f"The run was ended: rank {rank} used {used / GIB:.1f} GiB of memory; memory_gib_per_rank allows "
        f"{limit / GIB:g}. Use smaller batches or sequences, or raise memory_gib_per_rank."
    )


def node_is_full(memory: Memory, used: int) -> str:
    return (
        f"The run was ended: the node had {memory.available_bytes / GIB:.1f} of {memory.total_bytes / GIB:.1f} GiB "
        f"of memory left, and this run used the most ({used / GIB:.1f} GiB). Use smaller batches or sequences."
    )
