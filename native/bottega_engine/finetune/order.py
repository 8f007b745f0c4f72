"""Which sequences an optimizer step sees.

Every epoch is its own permutation of all sequences, drawn from the seed and the number of the epoch. A step takes
the next `batch_size * ranks * accumulation` of them; its forward passes take `batch_size` each, dealt to the ranks
in turn. So the sequences of a step depend only on that product: two ranks see what one rank with twice the
accumulation sees. The last step of an epoch takes what is left and never reaches into the next epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch


@dataclass(frozen=True)
class DataOrder:
    sequences: int
    seed: int
    batch_size: int
    accumulation: int
    ranks: int

    @property
    def sequences_per_step(self) -> int:
        return self.batch_size * self.accumulation * self.ranks

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(self.sequences / self.sequences_per_step)

    def step(self, step: int) -> list[int]:
        """Numbers of the sequences of an optimizer step, counted from 1."""
        epoch, position = divmod(step - 1, self.steps_per_epoch)
        start = position * self.sequences_per_step
        return _permutation(self.sequences, self.seed, epoch)[start : start + self.sequences_per_step]

    def rank_batches(self, step: int, rank: int) -> list[tuple[list[int], bool]]:
        """The forward passes of one rank: sequence numbers, and whether they count.

        Every rank makes the same number of passes, because each takes part in the gradient exchange; one that has
        run out of sequences repeats the first of the step with no weight.
        """
        numbers = self.step(step)
        chunks = [numbers[at : at + self.batch_size] for at in range(0, len(numbers), self.batch_size)]
        passes = math.ceil(len(chunks) / self.ranks)
        own = [(chunk, True) for chunk in chunks[rank :: self.ranks]]
        return own + [(chunks[0], False)] * (passes - len(own))


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator).tolist()


def split_for_evaluation(count: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the rows to train on and to hold out, each ascending; at least one is held out."""
    held_out = min(count - 1, max(1, round(count * fraction)))
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(count, generator=generator).tolist()
    return sorted(shuffled[held_out:]), sorted(shuffled[:held_out])
