"""What the ranks of a run tell each other. With one rank everything here is a no-op."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from bottega_engine.rank_context import RankContext

TIMEOUT = timedelta(minutes=30)


@contextmanager
def process_group(context: RankContext, device: torch.device) -> Iterator[None]:
    """Joins the ranks through MASTER_ADDR and MASTER_PORT; leaves when the block ends, however it ends."""
    if context.world_size == 1:
        yield
        return
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, rank=context.rank, world_size=context.world_size, timeout=TIMEOUT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def summed(values: torch.Tensor) -> torch.Tensor:
    """The sum over ranks, in place."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


def largest(value: float) -> float:
    if not dist.is_initialized():
        return value
    shared = torch.tensor([value], dtype=torch.float64)
    dist.all_reduce(shared, op=dist.ReduceOp.MAX)
    return shared.item()


def from_first_rank(numbers: list[int]) -> list[int]:
    """The numbers rank 0 gave, on every rank."""
    if not dist.is_initialized():
        return numbers
    shared = torch.tensor(numbers, dtype=torch.int64)
    dist.broadcast(shared, src=0)
    return shared.tolist()


def object_from_first_rank(value: Any) -> Any:
    """The object rank 0 gave, on every rank. Costs a pickle: for what is rare."""
    if not dist.is_initialized():
        return value
    shared = [value]
    dist.broadcast_object_list(shared, src=0)
    return shared[0]


def gathered(value: Any) -> list[Any]:
    """What every rank gave, in order of rank; the same list on every rank."""
    if not dist.is_initialized():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def barrier() -> None:
    if dist.is_initialized():
        gathered(None)
