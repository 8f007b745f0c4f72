"""A base model and its tokenizer, kept in a process that forks ranks: each rank finds them as they were loaded.

The rank's memory is its own (copy on write), so whatever it does to the weights, the next one finds them untouched.
"""

from __future__ import annotations

import hashlib
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch

from bottega_engine.finetune.adapted import Adapted, adapt, settings_of
from bottega_engine.finetune.huge_pages import move_to_huge_pages
from bottega_engine.finetune.model import (
    ModelSource,
    find_model,
    load_model,
    load_tokenizer,
    silence_libraries,
)
from bottega_engine.finetune.random_state import restore_random_state
from bottega_engine.finetune.tokens.fingerprint import tokenizer_fingerprint
from bottega_engine.rank_context import RunFailed

SAMPLED = 64
"""Numbers of each tensor that the fingerprint reads: each lies on a page that this process has to map first."""
BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class BaseDamaged(Exception):
    """The weights in memory are not those that were loaded."""


@dataclass
class Base:
    """`adapted` is the model with the adapter of some run, `last_settings` what the run before had of such."""

    key: str
    model: Any
    tokenizer: Any
    fingerprint: str
    adapted: Adapted | None = None
    last_settings: dict[str, Any] | None = None


@dataclass(frozen=True)
class Taken:
    model: Any
    tokenizer: Any
    is_adapted: bool


_kept: Base | None = None


def load(key: str, name: str, revision: str | None, work_dir: Path) -> int:
    """Loads the base that all forks of this process will find, and answers how many bytes it has. Raises RunFailed."""
    global _kept
    # The loading threads of transformers would end only some time after the call.
    os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"
    silence_libraries()
    before = _random_state()
    source = find_model(name, revision, work_dir)
    model, tokenizer = load_model(source, work_dir), load_tokenizer(source)
    if _random_state() != before:
        raise RunFailed(f"{name} lacks weights, which are made from the seed of each run.")
    # Every run with this base asks for it, to find its tokens.
    tokenizer_fingerprint(tokenizer)
    tensors = [tensor for _, tensor in _tensors_of(model)]
    move_to_huge_pages(tensors)
    _kept = Base(key, model, tokenizer, fingerprint_of(model))
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def prepare(config: dict[str, Any]) -> bool:
    """Gives the base the adapter of a run that is about to be forked, where runs to come may want it; True if it did.

    The first adapter is kept, and one that two runs in a row ask for: while each run has another one, each makes its own.
    """
    settings = settings_of(config)
    if _kept is None or settings is None:
        return False
    is_repeated, _kept.last_settings = settings == _kept.last_settings, settings
    if _kept.adapted is not None and (settings == _kept.adapted.settings or not is_repeated):
        return False
    _kept.adapted = adapt(_kept.model, config)
    return True


def take(key: str, source: ModelSource, config: dict[str, Any]) -> Taken | None:
    """The model and tokenizer of this process, as if they had just been loaded from `source`; None without that base.

    With its adapter, when it is the one that the config asks for. They can be taken once. Raises BaseDamaged.
    """
    global _kept
    base, _kept = _kept, None
    if base is None or not key or base.key != key:
        return None
    if fingerprint_of(base.model) != base.fingerprint:
        raise BaseDamaged(f"The weights of {source.name} in memory have changed since they were loaded.")
    for owner in (base.model, base.model.config, base.tokenizer):
        owner.name_or_path = source.location
    base.tokenizer.init_kwargs["name_or_path"] = source.location
    adapted = base.adapted
    if adapted is None or adapted.model is None or adapted.settings != settings_of(config):
        return Taken(base.model, base.tokenizer, False)
    restore_random_state(adapted.random_state)
    model = adapted.model.get_base_model()
    model.name_or_path = model.config.name_or_path = source.location
    adapted.model.active_peft_config.base_model_name_or_path = source.location
    return Taken(adapted.model, base.tokenizer, True)


def fingerprint_of(model: Any) -> str:
    """Changes when a tensor was replaced or written to, as torch counts it or as an even sample of its bits shows."""
    digest = hashlib.sha256()
    for name, tensor in _tensors_of(model):
        values = tensor.detach().reshape(-1)
        sample = values[:: max(1, values.numel() // SAMPLED)].view(BITS[values.element_size()])
        about = (
            name,
            tuple(tensor.shape),
            str(tensor.dtype),
            tensor._version,
            int(sample.sum(dtype=torch.int64)),
        )
        digest.update(repr(about).encode())
    return digest.hexdigest()


def _tensors_of(model: Any) -> list[tuple[str, torch.Tensor]]:
    return [*model.named_parameters(), *model.named_buffers()]


def _random_state() -> tuple[Any, ...]:
    numbers = numpy.random.get_state(legacy=True)
    return (
        random.getstate(),
        (numbers[1].tobytes(), numbers[2]),  # type: ignore[index]
        torch.get_rng_state().numpy().tobytes(),
    )
