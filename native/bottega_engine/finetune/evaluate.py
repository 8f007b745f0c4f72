"""The loss on data that is not trained on."""

from __future__ import annotations

import torch

from bottega_engine.finetune.process_group import summed
from bottega_engine.finetune.sequences import Sequences
from bottega_engine.finetune.step import Training
from bottega_engine.rank_context import RankContext


@torch.no_grad()
def evaluate(
    training: Training, model: torch.nn.Module, sequences: Sequences, batch_size: int, context: RankContext
) -> float:
    """The mean loss over all label tokens, the same on every rank.

    `model` is the bare model: ranks make different numbers of passes, and none may wait for another.
    """
    model.eval()
    numbers = [number for shard in sequences.shards for number in sequences.in_shard(shard)]
    starts = range(context.rank * batch_size, len(numbers), batch_size * context.world_size)
    sums = torch.zeros(2, dtype=torch.float64)
    for start in starts:
        batch = sequences.batch(numbers[start : start + batch_size]).to(training.device)
        with training.autocast():
            loss = training.loss(model, batch.tensors)
        sums += torch.tensor([loss.item() * batch.label_tokens, batch.label_tokens], dtype=torch.float64)
    total, label_tokens = summed(sums)
    return float(total / label_tokens.clamp(min=1))
