"""Which sequences an optimizer step sees.

Every epoch is its own permutation, drawn from the seed and the number of the epoch: of all sequences, or, when they come
in several shards, of the shards and of the sequences in each, so that a step needs no shard that comes later. A step takes
the next `batch_size * ranks * accumulation` of them; its forward passes take `batch_size` each, dealt to the ranks
in turn. So the sequences of a step depend only on that product: two ranks see what one rank with twice the
accumulation sees. The last step of an epoch takes what is left and never reaches into the next epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import torch

from bottega_engine.rank_context import RunFailed


class DataOrder(Protocol):
    sequences_per_step: int

    @property
    def steps_per_epoch(self) -> int: ...

    def epoch_after(self, step: int) -> float:
        """How often the data has been seen after this step."""
        ...

    def step(self, step: int) -> list[int]:
        """Numbers of the sequences of an optimizer step, counted from 1."""
        ...

    def identity(self) -> dict[str, int]:
        """Equal orders continue each other: what a checkpoint remembers."""
        ...

    def coming_shards(self) -> list[int]:
        """Those of this epoch that no step has needed yet, in their order."""
        ...


class WholeOrder:
    def __init__(self, sequences: int, seed: int, sequences_per_step: int) -> None:
        self.sequences = sequences
        self.seed = seed
        self.sequences_per_step = sequences_per_step

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(self.sequences / self.sequences_per_step)

    def epoch_after(self, step: int) -> float:
        return step / self.steps_per_epoch

    def step(self, step: int) -> list[int]:
        epoch, position = divmod(step - 1, self.steps_per_epoch)
        start = position * self.sequences_per_step
        return permutation(self.sequences, self.seed, epoch)[start : start + self.sequences_per_step]

    def identity(self) -> dict[str, int]:
        return {
            "sequences": self.sequences,
            "sequences_per_step": self.sequences_per_step,
            "seed": self.seed,
        }

    def coming_shards(self) -> list[int]:
        return []


class ShardedOrder:
    """`in_shard` gives the numbers of the sequences of a shard, and is asked when a step needs them; `rows` of all shards."""

    def __init__(
        self,
        shards: int,
        in_shard: Callable[[int], list[int]],
        rows: int,
        seed: int,
        sequences_per_step: int,
    ) -> None:
        self.sequences_per_step = sequences_per_step
        self._rows = rows
        self._shards = shards
        self._in_shard = in_shard
        self._seed = seed
        self._begin(epoch=0, first_step=1)

    @property
    def steps_per_epoch(self) -> int:
        total = sum(len(self._in_shard(shard)) for shard in range(self._shards))
        return math.ceil(total / self.sequences_per_step)

    def epoch_after(self, step: int) -> float:
        """A shard counts as the part of the data that it is of their number."""
        self.step(step)
        done = (step + 1 - self._first_step) * self.sequences_per_step
        for nth, end in enumerate(self._ends):
            if done < end:
                start = self._ends[nth - 1] if nth else 0
                return self._epoch + (nth + (done - start) / (end - start)) / self._shards
        return self._epoch + len(self._ends) / self._shards

    def step(self, step: int) -> list[int]:
        if step < self._first_step:
            self._begin(epoch=0, first_step=1)
        while True:
            start = (step - self._first_step) * self.sequences_per_step
            self._read(start + self.sequences_per_step)
            if start < len(self._numbers):
                return self._numbers[start : start + self.sequences_per_step]
            if not self._numbers:
                raise RunFailed("No row has a token to learn within data.max_length.")
            steps = math.ceil(len(self._numbers) / self.sequences_per_step)
            self._begin(self._epoch + 1, self._first_step + steps)

    def identity(self) -> dict[str, int]:
        return {
            "rows": self._rows,
            "sequences_per_step": self.sequences_per_step,
            "seed": self._seed,
        }

    def coming_shards(self) -> list[int]:
        return permutation(self._shards, self._seed, self._epoch)[len(self._ends) :]

    def _begin(self, epoch: int, first_step: int) -> None:
        self._epoch, self._first_step = epoch, first_step
        self._numbers: list[int] = []
        self._ends: list[int] = []
        """How many numbers there are up to the end of each shard that was read."""

    def _read(self, count: int) -> None:
        """Reads shards until there are so many numbers, or all of the epoch."""
        shards = permutation(self._shards, self._seed, self._epoch)
        while len(self._numbers) < count and len(self._ends) < self._shards:
            shard = shards[len(self._ends)]
            own = self._in_shard(shard)
            # A seed of its own for each shard of each epoch.
            nth = self._epoch * self._shards + shard + 1
            self._numbers += [own[index] for index in permutation(len(own), self._seed, nth << 20)]
            self._ends.append(len(self._numbers))


def steps_of(config: dict[str, Any], order: DataOrder) -> int:
    """Optimizer steps of a run: those its config says, or those of its epochs."""
    return config.get("max_steps") or math.ceil(config["num_train_epochs"] * order.steps_per_epoch)


def rank_batches(numbers: list[int], batch_size: int, ranks: int, rank: int) -> list[tuple[list[int], bool]]:
    """The forward passes of one rank in a step: sequence numbers, and whether they count.

    Every rank makes the same number of passes, because each takes part in the gradient exchange; one that has
    run out of sequences repeats the first of the step with no weight.
    """
    chunks = [numbers[at : at + batch_size] for at in range(0, len(numbers), batch_size)]
    passes = math.ceil(len(chunks) / ranks)
    own = [(chunk, True) for chunk in chunks[rank::ranks]]
    return own + [(chunks[0], False)] * (passes - len(own))


@lru_cache(maxsize=2)
def permutation(count: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator).tolist()


def split_for_evaluation(count: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the rows to train on and to hold out, each ascending; at least one is held out."""
    held_out = min(count - 1, max(1, round(count * fraction)))
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(count, generator=generator).tolist()
    return sorted(shuffled[held_out:]), sorted(shuffled[:held_out])
