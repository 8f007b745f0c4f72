"""Weights in huge pages: a fork copies a table of them that is 512 times smaller, and walks it for the first time sooner."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable
from contextlib import suppress

import torch

HUGE_PAGE_BYTES = 2 * 1024 * 1024
ALIGNED_BYTES = 64
"""As torch aligns what it allocates."""


def move_to_huge_pages(tensors: Iterable[torch.Tensor]) -> None:
    """Moves what is in the tensors into one mapping, where the kernel uses huge pages if it has them.

    Left where they are: those that are not on the CPU, have gaps, or share their memory with another tensor.
    """
    movable = _alone_in_their_memory(tensors)
    if not movable:
        return
    size_bytes = sum(_aligned(tensor.nbytes) for tensor in movable)
    memory = mmap.mmap(-1, size_bytes + HUGE_PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):
        # A kernel without huge pages.
        memory.madvise(mmap.MADV_HUGEPAGE)
    offset = -torch.frombuffer(memory, dtype=torch.uint8).data_ptr() % HUGE_PAGE_BYTES
    for tensor in movable:
        moved = torch.frombuffer(memory, dtype=tensor.dtype, count=tensor.numel(), offset=offset)
        offset += _aligned(tensor.nbytes)
        # The mapping lives as long as a tensor in it.
        tensor.data = moved.view(tensor.shape).copy_(tensor.detach())
    with suppress(AttributeError):
        # What they leave would stay with the process, and be copied page by page when a fork allocates there.
        ctypes.CDLL(None).malloc_trim(0)


def _alone_in_their_memory(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    by_memory: dict[int, list[torch.Tensor]] = {}
    for tensor in tensors:
        by_memory.setdefault(tensor.untyped_storage().data_ptr(), []).append(tensor)
    return [
        first
        for first, *others in by_memory.values()
        if not others
        and first.device.type == "cpu"
        and first.numel() > 0
        and first.is_contiguous()
        and first.untyped_storage().nbytes() == first.nbytes
    ]


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNED_BYTES) * ALIGNED_BYTES
