"""A base model with the adapter that runs are asked for again and again, made before they begin.

Injecting an adapter takes longer than anything else of a start, and gives the same whenever the settings and the seed
are the same. What it draws is not drawn again: who takes the model takes over the random state that it was left with.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch

from bottega_engine.finetune.model import as_trained
from bottega_engine.finetune.random_state import cpu_random_state, seed_everything


@dataclass(frozen=True)
class Adapted:
    """`model` is None when it could not be made. `random_state` is that of a run which made it itself."""

    settings: dict[str, Any]
    model: Any
    random_state: dict[str, Any]


def settings_of(config: dict[str, Any]) -> dict[str, Any] | None:
    """All that the model with its adapter depends on, besides the base; None for a run without an adapter."""
    if config["kind"] != "finetune" or config["method"] != "lora":
        return None
    return {name: config[name] for name in ("lora", "seed", "gradient_checkpointing")}


def adapt(model: Any, config: dict[str, Any]) -> Adapted:
    """Leaves the model itself as it is; the new one has its weights, and they stay in the same memory."""
    settings = settings_of(config)
    assert settings is not None
    try:
        own = _with_the_weights_of(model)
        seed_everything(config["seed"])
        return Adapted(settings, as_trained(own, config), cpu_random_state())
    except Exception:
        # Whatever the reason is, the run meets it as well, and says it.
        return Adapted(settings, None, {})


def _with_the_weights_of(model: Any) -> Any:
    """A copy of the modules. Which parameters are trained is its own affair, what is in them is shared."""
    shared: dict[int, Any] = {id(buffer): buffer for buffer in model.buffers()}
    for parameter in model.parameters():
        own = torch.nn.Parameter(parameter.data, parameter.requires_grad)
        own.__dict__.update(parameter.__dict__)
        shared[id(parameter)] = own
    return copy.deepcopy(model, shared)
