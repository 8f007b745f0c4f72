"""Weights that are moved are the same weights, in huge pages."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega_engine.finetune.huge_pages import HUGE_PAGE_BYTES, move_to_huge_pages

MODES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def huge_bytes_at(address: int) -> int:
    """How much of the mapping around an address lies in huge pages."""
    is_there = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        word, *rest = line.split()
        if "-" in word:
            start, end = (int(part, 16) for part in word.split("-"))
            is_there = start <= address < end
        elif is_there and word == "AnonHugePages:":
            return int(rest[0]) * 1024
    raise AssertionError(f"There is no mapping at {address:x}.")


def test_each_keeps_its_numbers_and_has_its_memory_alone() -> None:
    numbers = [
        torch.randn(3, 5),
        torch.arange(7),
        torch.tensor(2.5),
        torch.randn(600, 600).to(torch.bfloat16),
    ]
    tensors = [torch.nn.Parameter(numbers[0].clone()), *(each.clone() for each in numbers[1:])]
    before = [tensor.data_ptr() for tensor in tensors]
    move_to_huge_pages(tensors)
    for tensor, number, address in zip(tensors, numbers, before, strict=True):
        assert torch.equal(tensor, number)
        assert tensor.data_ptr() != address
        assert tensor.data_ptr() % 64 == 0
        assert tensor.untyped_storage().nbytes() == number.nbytes
    assert tensors[0].requires_grad
    with torch.no_grad():
        tensors[0].zero_()
    assert torch.equal(tensors[1], numbers[1])


def test_what_shares_memory_or_has_gaps_stays() -> None:
    whole, wide = torch.randn(4, 4), torch.randn(4, 8)
    tensors = [whole, whole[1], wide[:, :4], torch.empty(0), torch.empty(3, device="meta")]
    before = [tensor.data_ptr() for tensor in tensors]
    move_to_huge_pages(tensors)
    assert [tensor.data_ptr() for tensor in tensors] == before
    move_to_huge_pages([])


@pytest.mark.skipif(not MODES.exists() or "[never]" in MODES.read_text(), reason="no huge pages here")
def test_they_lie_in_huge_pages() -> None:
    tensors = [torch.randn(1024, 1024) for _ in range(8)]
    move_to_huge_pages(tensors)
    assert huge_bytes_at(tensors[4].data_ptr()) >= 15 * HUGE_PAGE_BYTES
