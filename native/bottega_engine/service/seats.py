"""Seats of runs: reserved through Ray, so that runs, Ray jobs and everything else on the cluster share honestly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from bottega_engine.service.errors import EngineError
from bottega_engine.service.nodes import alive_nodes

LOOK_S = 1
"""How long Ray is asked at a time (whole seconds); a free seat is noticed at once."""
PATIENCE_S = 0.15
"""A wait that is shorter needs no reason."""


@dataclass
class Seats:
    """The seats of one run: all its ranks on one node. `gpus` has the device ids of each rank."""

    node: str
    gpus: list[list[str]]
    _group: PlacementGroup
    _holders: list[Any] = field(default_factory=list)

    def release(self) -> None:
        for holder in self._holders:
            ray.kill(holder)
        remove_placement_group(self._group)


@dataclass(frozen=True)
class _Waiting:
    resources: dict[str, Any]
    since: float
    tell: Callable[[str], None]


class Admission:
    """Runs get seats in the order in which they asked. A run needs all its seats at once, on one node."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._queue: dict[str, _Waiting] = {}
        self._holders: dict[str, dict[str, Any]] = {}
        """The resources of each run with seats."""

    async def warm_up(self) -> None:
        """The first placement group of a driver takes Ray half a second."""
        group = placement_group([{"CPU": 0.001}], strategy="STRICT_PACK")
        await asyncio.to_thread(group.wait, 30)
        await asyncio.to_thread(remove_placement_group, group)

    async def reserve(self, run_id: str, resources: dict[str, Any], tell: Callable[[str], None]) -> Seats:
        """Waits for its turn and for the seats; `tell` hears why. Cancel it to give up. Raises EngineError."""
        self._queue[run_id] = _Waiting(resources, time.monotonic(), tell)
        asyncio.get_running_loop().call_later(PATIENCE_S, self._tell_all)
        try:
            async with self._turn:
                seats = await _reserve_now(run_id, resources)
            self._holders[run_id] = resources
        finally:
            del self._queue[run_id]
            self._tell_all()
        return seats

    async def release(self, run_id: str, seats: Seats) -> None:
        self._holders.pop(run_id, None)
        await asyncio.to_thread(seats.release)
        self._tell_all()

    def _tell_all(self) -> None:
        before: list[str] = []
        for run_id, waiting in list(self._queue.items()):
            if time.monotonic() - waiting.since >= PATIENCE_S:
                waiting.tell(self._reason(waiting.resources, before))
            before.append(run_id)

    def _reason(self, resources: dict[str, Any], before: list[str]) -> str:
        unit = "GPU" if resources["gpus_per_rank"] else "CPU"
        used = sum(_amount(holder, unit) for holder in self._holders.values())
        total = sum(node["Resources"].get(unit, 0) for node in alive_nodes())
        holders = [name for name, holder in self._holders.items() if _amount(holder, unit)]
        reason = f"waits for {in_words(resources)}"
        if holders:
            reason += f"; {used:g} of {total:g} {unit}s are in use by {_names(holders)}"
        elif not before:
            reason += "; something else on the cluster uses them"
        return reason + (f"; {_names(before)} comes first" if before else "")


async def _reserve_now(run_id: str, resources: dict[str, Any]) -> Seats:
    group = placement_group([_bundle(resources)] * resources["ranks"], strategy="STRICT_PACK", name=run_id)
    try:
        while not await asyncio.to_thread(group.wait, LOOK_S):
            # Nodes may have left meanwhile.
            check_possible(resources)
        seats = Seats(await asyncio.to_thread(_node_of, group), [], group)
        if resources["gpus_per_rank"] > 0:
            await _hold_gpus(seats, group, resources)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(remove_placement_group, group))
        raise
    return seats


def _names(runs: list[str]) -> str:
    shown = ", ".join(runs[:3])
    return f"{shown} and {len(runs) - 3} more" if len(runs) > 3 else shown


def _amount(resources: dict[str, Any], unit: str) -> float:
    return float(resources["ranks"] * resources["gpus_per_rank" if unit == "GPU" else "cpus_per_rank"])


def in_words(resources: dict[str, Any]) -> str:
    cpus = resources["ranks"] * resources["cpus_per_rank"]
    gpus = resources["ranks"] * resources["gpus_per_rank"]
    words = f"{cpus:g} CPU{'' if cpus == 1 else 's'}"
    return words + (f" and {gpus:g} GPU{'' if gpus == 1 else 's'}" if gpus else "")


def check_possible(resources: dict[str, Any]) -> None:
    """Raises too_few_seats when no node of the cluster could ever hold the run."""
    cpus = resources["ranks"] * resources["cpus_per_rank"]
    gpus = resources["ranks"] * resources["gpus_per_rank"]
    nodes = alive_nodes()
    if any(
        node["Resources"].get("CPU", 0) >= cpus and node["Resources"].get("GPU", 0) >= gpus for node in nodes
    ):
        return
    most_cpus = max((node["Resources"].get("CPU", 0) for node in nodes), default=0)
    most_gpus = max((node["Resources"].get("GPU", 0) for node in nodes), default=0)
    raise EngineError(
        "too_few_seats",
        f"The run asks for {in_words(resources)} on one node; the largest node has {most_cpus:g} CPUs and "
        f"{most_gpus:g} GPUs.",
        "Lower resources.ranks, resources.cpus_per_rank or resources.gpus_per_rank.",
    )


def _bundle(resources: dict[str, Any]) -> dict[str, float]:
    bundle = {"CPU": float(resources["cpus_per_rank"])}
    if resources["gpus_per_rank"]:
        bundle["GPU"] = float(resources["gpus_per_rank"])
    return bundle


def _node_of(group: PlacementGroup) -> str:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        nodes = placement_group_table(group)["bundles_to_node_id"]
        if nodes and all(nodes.values()):
            return str(next(iter(nodes.values())))
    raise EngineError("engine_failed", "Ray does not say on which node the seats are.")


class SeatHolder:
    """Holds the GPUs of one rank: only an actor learns from Ray which devices it was given."""

    def gpus(self) -> list[str]:
        return [str(gpu) for gpu in ray.get_gpu_ids()]


SeatHolderActor: Any = ray.remote(num_cpus=0)(SeatHolder)


async def _hold_gpus(seats: Seats, group: PlacementGroup, resources: dict[str, Any]) -> None:
    for rank in range(resources["ranks"]):
        strategy = PlacementGroupSchedulingStrategy(placement_group=group, placement_group_bundle_index=rank)
        options = SeatHolderActor.options(num_gpus=resources["gpus_per_rank"], scheduling_strategy=strategy)
        seats._holders.append(options.remote())
    for holder in seats._holders:
        seats.gpus.append(await holder.gpus.remote())
