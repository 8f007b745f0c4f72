"""AdamW and the learning rate schedule, as transformers' Trainer sets them up."""

from __future__ import annotations

from typing import Any

import torch
from transformers.optimization import get_scheduler


def make_optimizer(model: torch.nn.Module, config: dict[str, Any]) -> torch.optim.Optimizer:
    """Weight decay goes to matrices only: biases and norms are vectors."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": config["weight_decay"]},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config["learning_rate"],
        betas=(config["adam_beta1"], config["adam_beta2"]),
        eps=config["adam_epsilon"],
        fused=True,
    )


def make_schedule(
    optimizer: torch.optim.Optimizer, config: dict[str, Any], max_steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    schedule: torch.optim.lr_scheduler.LRScheduler = get_scheduler(
        config["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=config["warmup_steps"],
        num_training_steps=max_steps,
    )
    return schedule
