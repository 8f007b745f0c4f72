"""Fine-tuning of causal language models."""

from bottega_engine.finetune.train import train

__all__ = ["train"]
