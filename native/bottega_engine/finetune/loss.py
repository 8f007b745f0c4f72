"""The loss of a batch: the mean over its label tokens.

A custom loss keeps that meaning: it returns the mean over the label tokens of the batch it is given, and the step
weights every batch by how many it has, so that accumulation and ranks do not change the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from bottega_engine.finetune.encoder import IGNORED
from bottega_engine.finetune.sequences import Batch
from bottega_engine.rank_context import RunFailed

Loss = Callable[[Any, Batch], torch.Tensor]


def causal_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Cross entropy of every next token, in float32, averaged over the label tokens."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs, use_cache=False).logits[:, :-1]
    labels = batch["labels"][:, 1:].flatten()
    total = cross_entropy(logits.flatten(0, 1).float(), labels, ignore_index=IGNORED, reduction="sum")
    return total / (labels != IGNORED).sum().clamp(min=1)


def checked(loss: Loss, name: str) -> Loss:
    """A custom loss whose result is checked: one number that has a gradient."""

    def checked_loss(model: Any, batch: Batch) -> torch.Tensor:
        value = loss(model, batch)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise RunFailed(
                f"loss: {name} returned {shape}.", "It returns one number: a tensor of one element."
            )
        if torch.is_grad_enabled() and not value.requires_grad:
            raise RunFailed(f"loss: the result of {name} does not depend on the model.", "Was it detached?")
        return value.squeeze()

    return checked_loss
