"""Seats of runs: reserved through Ray, so that runs, Ray jobs and everything else on the cluster share honestly.

Whatever asks Ray's control store does so in a thread: it may be slow to answer.
"""

from __future__ import annotations

import asyncio
import time
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

WAIT_S = 1
"""How long Ray is asked at a time (whole seconds); a free seat is noticed at once."""


@dataclass
class Seats:
    """The seats of one run: all its ranks on one node. `gpus` has the device ids of each rank."""

    node: str
    gpus: list[list[str]]
    group: PlacementGroup
    _holders: list[Any] = field(default_factory=list)

    async def hold_gpus(self, resources: dict[str, Any]) -> None:
        """Learns which devices each rank has: Ray says that only to an actor which holds them."""
        await asyncio.to_thread(self._hold, resources)
        for holder in self._holders:
            self.gpus.append(await holder.gpus.remote())

    async def release(self) -> None:
        await asyncio.to_thread(self._let_go)

    def _hold(self, resources: dict[str, Any]) -> None:
        for rank in range(resources["ranks"]):
            strategy = PlacementGroupSchedulingStrategy(
                placement_group=self.group, placement_group_bundle_index=rank
            )
            options = SeatHolderActor.options(
                num_gpus=resources["gpus_per_rank"], scheduling_strategy=strategy
            )
            self._holders.append(options.remote())

    def _let_go(self) -> None:
        for holder in self._holders:
            ray.kill(holder)
        remove_placement_group(self.group)


class SeatHolder:
    def gpus(self) -> list[str]:
        return [str(gpu) for gpu in ray.get_gpu_ids()]


SeatHolderActor: Any = ray.remote(num_cpus=0)(SeatHolder)


async def ask_for_seats(run_id: str, resources: dict[str, Any], patience_s: float | None) -> Seats | None:
    """All seats of a run at once, on one node; None when the patience is over before. Cancel it to give up."""
    deadline = None if patience_s is None else time.monotonic() + patience_s
    bundles = [_bundle(resources)] * resources["ranks"]
    making = asyncio.create_task(asyncio.to_thread(placement_group, bundles, "STRICT_PACK", run_id))
    try:
        group = await asyncio.shield(making)
        while not await asyncio.to_thread(group.wait, WAIT_S):
            if deadline is not None and time.monotonic() >= deadline:
                await asyncio.to_thread(remove_placement_group, group)
                return None
        return Seats(await asyncio.to_thread(_node_of, group), [], group)
    except BaseException:
        await asyncio.shield(_remove(making))
        raise


async def _remove(making: asyncio.Task[PlacementGroup]) -> None:
    """Also one that is only being made."""
    await asyncio.to_thread(remove_placement_group, await making)


async def warm_up() -> None:
    """The first placement group of a driver takes Ray half a second."""
    group = await asyncio.to_thread(placement_group, [{"CPU": 0.001}], "STRICT_PACK")
    await asyncio.to_thread(group.wait, 30)
    await asyncio.to_thread(remove_placement_group, group)


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
