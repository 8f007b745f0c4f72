"""A small random Llama with its byte-level tokenizer, and a way to run `train` in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from bottega_engine.finetune import train
from bottega_engine.rank_context import RankContext

DEFAULTS: dict[str, Any] = {
    "kind": "finetune",
    "lane": "warm",
    "resources": {"ranks": 1, "cpus_per_rank": 1, "gpus_per_rank": 0},
    "env": {},
    "model": "models/tiny",
    "method": "full",
    "lora": {"r": 4, "alpha": 16, "dropout": 0, "target_modules": "all-linear"},
    "data": {
        "train": "data/train.jsonl",
        "eval_fraction": 0,
        "format": "auto",
        "max_length": 64,
        "packing": False,
    },
    "seed": 42,
    "bf16": False,
    "learning_rate": 1e-2,
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "num_train_epochs": 1,
    "per_device_train_batch_size": 2,
    "per_device_eval_batch_size": 4,
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "weight_decay": 0.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
    "max_grad_norm": 1.0,
    "logging_steps": 1,
}


def make_config(**changes: Any) -> dict[str, Any]:
    """A resolved config; `data` and `lora` are merged, everything else is replaced."""
    config = {**DEFAULTS, **changes}
    for key in ("data", "lora"):
        config[key] = {**DEFAULTS[key], **changes.get(key, {})}
    return config


def byte_tokenizer(**special: str) -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "</s>", "<pad>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def tiny_llama(**changes: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    settings = {
        "vocab_size": 260,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.2,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 2,
    }
    return LlamaForCausalLM(LlamaConfig(**{**settings, **changes}))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    # Attention dropout, so that an exact resume has random states to restore.
    tiny_llama(attention_dropout=0.1).save_pretrained(folder)
    byte_tokenizer(bos_token="<s>", eos_token="</s>", pad_token="<pad>").save_pretrained(folder)
    return folder


@dataclass
class FakeControl:
    """Asks for a stop, for a profile or for changes (by step, in order) once the run has reached a step."""

    stop_at: int | None = None
    profile_at: int | None = None
    profile_steps: int = 2
    changes_at: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    step: int = 0

    def stop_requested(self) -> bool:
        self.step += 1
        return self.stop_at is not None and self.step >= self.stop_at

    def profile_request(self) -> int | None:
        return self.profile_steps if self.step == self.profile_at else None

    def changes(self) -> list[dict[str, Any]]:
        return self.changes_at.pop(self.step, [])


@dataclass
class Project:
    """A project folder, and the runs made from it."""

    folder: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    tokens_dir: Path | None = None

    @property
    def runs_dir(self) -> Path:
        return self.folder / "runs"

    def output(self, run_id: str) -> Path:
        return self.runs_dir / run_id / "output"

    def write_rows(self, rows: list[dict[str, Any]], name: str = "data/train.jsonl") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def train(
        self,
        run_id: str = "run-one",
        control: FakeControl | None = None,
        base_key: str = "",
        **changes: Any,
    ) -> list[dict[str, Any]]:
        """Trains, and returns the events, which are in `events` too when it raises."""
        self.events = []
        output = self.output(run_id)
        output.mkdir(parents=True, exist_ok=True)
        context = RankContext(
            run_id=run_id,
            rank=0,
            world_size=1,
            local_rank=0,
            work_dir=self.folder,
            output_dir=output,
            runs_dir=self.runs_dir,
            emit=self.events.append,
            control=control or FakeControl(),
            base_key=base_key,
            tokens_dir=self.tokens_dir,
        )
        train(make_config(**changes), context)
        return self.events

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def metric(self, name: str) -> list[float]:
        return [event["values"][name] for event in self.of_type("metric") if name in event["values"]]


WORDS = ["list", "dict", "return the", "sorted", "value", "of a", "mapping", "index", "with", "copy"]


def text_rows(count: int) -> list[dict[str, Any]]:
    return [
        {"text": " ".join(WORDS[(number * 7 + place) % 10] for place in range(2 + number % 5))}
        for number in range(count)
    ]


@pytest.fixture
def project(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with the model `models/tiny` and 22 rows of text in `data/train.jsonl`."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny").symlink_to(tiny_model)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    project = Project(tmp_path)
    project.write_rows(text_rows(22))
    yield project
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
