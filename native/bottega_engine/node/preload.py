"""Imports what runs will need, so that a fork has it at once."""

from __future__ import annotations

import importlib

MODULES = (
    "torch",
    "torch.distributed",
    "torch.nn.parallel",
    "torch.utils.data",
    "torch.profiler",
    "numpy",
    "psutil",
    "yaml",
    "pyarrow.parquet",
    "safetensors.torch",
    "tokenizers",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.llama.modeling_llama",
    "transformers.models.qwen2.modeling_qwen2",
    "transformers.models.qwen3.modeling_qwen3",
    "transformers.trainer",
    "accelerate",
    "peft",
    "peft.tuners.lora",
    "peft.utils.transformers_weight_conversion",
    "bottega_engine.finetune",
    "bottega_engine.node.rank",
)
"""Libraries, never modules of a project: those are imported anew by every run."""


def preload() -> None:
    for name in MODULES:
        importlib.import_module(name)
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    # Lazy attributes of transformers are imported when they are named.
    assert AutoModelForCausalLM and AutoTokenizer and Trainer and TrainingArguments
    # Compiles a thousand patterns at the first model that is loaded: a hundred milliseconds, once for all runs here.
    get_checkpoint_conversion_mapping("llama")
