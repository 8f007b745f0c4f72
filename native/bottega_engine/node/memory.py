"""The memory of this node: of the machine, or of the container that the keeper is in."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psutil

GROUPS = Path("/sys/fs/cgroup")
# version 2, then version 1: limit, use, and what of that the kernel can take back
FILES = (
    (GROUPS, "", "memory.max", "memory.current", "inactive_file "),
    (GROUPS / "memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
)


class Memory(NamedTuple):
    total_bytes: int
    available_bytes: int


def node_memory() -> Memory:
    """Whichever has less left."""
    machine = psutil.virtual_memory()
    found = [Memory(machine.total, machine.available)]
    for folder, controller, limit, use, reclaimable in FILES:
        group = folder / own_group(controller).lstrip("/")
        # In a container the group that it sees as the root is its own.
        for place in (group, folder):
            if (memory := _of_group(place, limit, use, reclaimable, machine.total)) is not None:
                found.append(memory)
                break
    return min(found, key=lambda memory: memory.available_bytes)


def own_group(controller: str) -> str:
    """The path of this process in the hierarchy of one controller; the empty one is version 2."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and bool(controller) == bool(controllers):
            return path
    return "/"


def _of_group(place: Path, limit: str, use: str, reclaimable: str, most: int) -> Memory | None:
    """None where there is no limit below what the machine has."""
    try:
        total = int((place / limit).read_text())
        used = int((place / use).read_text())
        lines = (place / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):
        return None
    back = next((int(line.split()[1]) for line in lines if line.startswith(reclaimable)), 0)
    return Memory(total, max(0, total - used + back)) if total < most else None
