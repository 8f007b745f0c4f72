"""The model, its tokenizer, and the adapter when the method is lora."""

from __future__ import annotations

import difflib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from bottega_engine.rank_context import RunFailed


def silence_libraries() -> None:
    """The log is the person's: no progress bars of loading, no advice to the authors of other libraries."""
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|torch")


@dataclass(frozen=True)
class ModelSource:
    """Where the model lies: a folder, or a hub id with an optional revision."""

    name: str
    location: str
    revision: str | None

    @property
    def options(self) -> dict[str, Any]:
        is_folder = Path(self.location).is_absolute()
        return {"local_files_only": True} if is_folder else {"revision": self.revision or "main"}


def find_model(name: str, revision: str | None, work_dir: Path) -> ModelSource:
    """Raises RunFailed for a path that is not a folder; whether a hub id exists shows on loading."""
    path = work_dir / Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise RunFailed(f"{name} is a folder without config.json: it is not a Hugging Face model.")
        return ModelSource(name, str(path.resolve()), None)
    # What begins with a folder of the project is meant as a path: nobody waits for the hub to say no.
    if name.startswith((".", "~", "/")) or name.count("/") > 1 or (path.parent.is_dir() and "/" in name):
        raise RunFailed(
            f"{name} is not a folder{'' if Path(name).expanduser().is_absolute() else ' of the project'}.",
            _nearest(path),
        )
    return ModelSource(name, name, revision)


def load_model(source: ModelSource, work_dir: Path) -> Any:
    """The model in float32, on the CPU."""
    try:
        return AutoModelForCausalLM.from_pretrained(source.location, dtype=torch.float32, **source.options)
    except (OSError, SafetensorError) as error:
        if Path(source.location).is_absolute():
            raise RunFailed(f"The weights of {source.name} cannot be read: {error}") from error
        raise _not_on_hub(source, work_dir) from error
    except ValueError as error:
        raise RunFailed(
            f"{source.name} is not a causal language model that transformers knows: {error}"
        ) from error


def load_tokenizer(source: ModelSource) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.location, **source.options)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise RunFailed(
            f"{source.name} has no tokenizer that can be read: {error}", _tokenizer_hint
        ) from error
    # Without its files some tokenizer classes come up empty instead of failing.
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise RunFailed(f"{source.name} has no tokenizer.", _tokenizer_hint)
    return tokenizer


_tokenizer_hint = "The tokenizer files (tokenizer.json or its kin) belong into the folder of the model."


def check_tokenizer_fits(tokenizer: Any, model: Any, name: str) -> None:
    """Raises RunFailed when the tokenizer has tokens the model has no embedding for."""
    embeddings = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > embeddings:
        raise RunFailed(
            f"The tokenizer of {name} has {len(tokenizer):,} tokens, the model has embeddings for {embeddings:,}: "
            "they do not belong together.",
            "Put the tokenizer that the model was trained with into its folder.",
        )


def as_trained(model: Any, config: dict[str, Any]) -> Any:
    """The model as a run with this config trains it. Raises RunFailed when the adapter does not fit."""
    if config["gradient_checkpointing"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return _add_adapter(model, config["lora"]) if config["method"] == "lora" else model


def _add_adapter(model: Any, lora: dict[str, Any]) -> Any:
    """Only the adapter is trained."""
    settings = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["r"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora["target_modules"],
    )
    try:
        adapted = get_peft_model(model, settings)
    except ValueError as error:
        raise RunFailed(f"lora.target_modules does not fit the model: {error}") from error
    # peft keeps them as a set, whose order differs from one interpreter to the next, and so would the saved file.
    if isinstance(settings.target_modules, set):
        settings.target_modules = sorted(settings.target_modules)
    return adapted


def load_adapter(adapted: Any, checkpoint: Path) -> None:
    """Raises RunFailed when the checkpoint has another adapter."""
    weights = load_file(checkpoint / "adapter_model.safetensors")
    if {name: tensor.shape for name, tensor in weights.items()} != {
        name: tensor.shape
        for name, tensor in get_peft_model_state_dict(adapted, save_embedding_layers=False).items()
    }:
        raise RunFailed(f"The adapter of {checkpoint.name} has another lora.r or other lora.target_modules.")
    set_peft_model_state_dict(adapted, weights)


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Weights (or the adapter) as safetensors, their config, and the tokenizer."""
    # "auto" would look the base model up on the hub; embeddings are never resized here.
    options = {"save_embedding_layers": False} if isinstance(model, PeftModel) else {}
    model.save_pretrained(str(folder), **options)
    tokenizer.save_pretrained(str(folder))


def _not_on_hub(source: ModelSource, work_dir: Path) -> RunFailed:
    at = f" at revision {source.revision}" if source.revision else ""
    return RunFailed(
        f"{source.name} is not a folder of the project and not a model on the hub{at} that can be reached from here.",
        _nearest(work_dir / source.name),
    )


def _nearest(path: Path) -> str:
    folders = (
        [child.name for child in path.parent.iterdir() if child.is_dir()] if path.parent.is_dir() else []
    )
    near = difflib.get_close_matches(path.name, folders, n=1)
    return (
        f"Did you mean {path.parent.name}/{near[0]}?" if near else "Is the model on the machine that trains?"
    )
