"""The nodes of the cluster, as Ray knows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ray
from ray._private.state import available_resources_per_node

COARSE_BYTES = 64 * 1024 * 1024
"""Smaller changes of the memory in use are not worth telling everybody."""


class NodeView:
    """The nodes as they were last seen, a list of NodeResources. `ask` asks Ray for them, `changed` hears of news.

    One thread asks at a time, however slow Ray is and however many want to know.
    """

    def __init__(self, ask: Callable[[], list[dict[str, Any]]], changed: Callable[[], None]) -> None:
        self._nodes: list[dict[str, Any]] = []
        self._ask = ask
        self._changed = changed
        self._looking: asyncio.Task[None] | None = None

    def resources(self) -> list[dict[str, Any]]:
        return self._nodes

    async def look(self) -> None:
        """Returns once a look that began after the call is over. Raises what Ray does."""
        if (before := self._looking) is not None:
            # It may have missed what has just happened.
            await asyncio.wait([before])
        if self._looking is before or self._looking is None:
            self._looking = asyncio.create_task(self._renew())
        await asyncio.shield(self._looking)

    async def _renew(self) -> None:
        nodes = await asyncio.to_thread(self._ask)
        if nodes != self._nodes:
            self._nodes = nodes
            self._changed()


def alive_nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def node_resources(zygotes: dict[str, str], memory: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """A list of NodeResources. `zygotes`: state by node; `memory`: total and used bytes by node."""
    available = available_resources_per_node()
    rows = []
    for node in alive_nodes():
        node_id = node["NodeID"]
        total, free = node["Resources"], available.get(node_id, {})
        memory_bytes, memory_used_bytes = memory.get(node_id, (0, 0))
        rows.append(
            {
                "id": node_id,
                "host": node["NodeManagerHostname"],
                "cpus": total.get("CPU", 0),
                "cpus_free": round(free.get("CPU", 0), 3),
                "gpus": total.get("GPU", 0),
                "gpus_free": round(free.get("GPU", 0), 3),
                "memory_bytes": memory_bytes,
                "memory_used_bytes": round(memory_used_bytes / COARSE_BYTES) * COARSE_BYTES,
                "zygote": zygotes.get(node_id, "starting"),
            }
        )
    return sorted(rows, key=lambda row: str(row["id"]))
