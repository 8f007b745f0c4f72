"""One optimizer step."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from bottega_engine.finetune.loss import Loss
from bottega_engine.finetune.sequences import SizedBatch


@dataclass
class Training:
    """What a step changes. `model` is what the loss calls; it is wrapped when several ranks train together."""

    model: torch.nn.Module
    parameters: list[torch.nn.Parameter]
    loss: Loss
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    device: torch.device
    bf16: bool
    max_grad_norm: float
    world_size: int

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def exchange(self, gradients: bool) -> AbstractContextManager[Any]:
        """Ranks exchange gradients in the last backward pass of a step only."""
        if gradients or not isinstance(self.model, DistributedDataParallel):
            return nullcontext()
        return self.model.no_sync()


@dataclass
class StepResult:
    """`loss` is this rank's share of the mean over all label tokens of the step: the sum over ranks is the loss."""

    loss: torch.Tensor
    grad_norm: torch.Tensor


def take_step(training: Training, batches: list[SizedBatch], label_tokens: int) -> StepResult:
    """Forward and backward over the batches of this rank, then one update.

    `label_tokens` is the sum over the batches of all ranks. The gradient is that of the mean loss over those
    tokens, however they are dealt to batches and ranks.
    """
    training.model.train()
    total = torch.zeros((), device=training.device)
    for number, batch in enumerate(batches, start=1):
        with training.exchange(gradients=number == len(batches)):
            with training.autocast():
                loss = training.loss(training.model, batch.tensors) * (batch.label_tokens / label_tokens)
            # The exchange averages gradients over ranks; the weights above already make the sum the mean.
            torch.autograd.backward(loss * training.world_size)
        total += loss.detach()
    limit = training.max_grad_norm or float("inf")
    grad_norm = torch.nn.utils.clip_grad_norm_(training.parameters, limit)
    training.optimizer.step()
    training.schedule.step()
    training.optimizer.zero_grad()
    return StepResult(total, grad_norm)
