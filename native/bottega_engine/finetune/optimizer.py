"""AdamW and the learning rate schedule, as transformers' Trainer sets them up."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
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


def load_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """What the optimizer has learned about each weight; its settings stay those of this run's config.

    Raises ValueError when the state is one of other weights.
    """
    settings = [
        {key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups
    ]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)


def make_schedule(
    optimizer: torch.optim.Optimizer, config: dict[str, Any], max_steps: int, steps_done: int = 0
) -> LambdaLR:
    """The schedule of the config as it is after so many steps: the rate depends on the step alone."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] = config["learning_rate"]
    schedule = get_scheduler(
        config["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=config["warmup_steps"],
        num_training_steps=max_steps,
    )
    assert isinstance(schedule, LambdaLR)
    schedule.last_epoch = steps_done
    rates = [
        peak * shape(steps_done) for peak, shape in zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
    ]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    schedule._last_lr = rates
    return schedule
