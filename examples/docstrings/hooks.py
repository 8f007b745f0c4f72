"""Your own code in the run: a data hook and a loss. Edit, save, press Run again; nothing is restarted."""

import torch
from torch.nn.functional import cross_entropy

# Try 0.1: the model learns not to be too sure of any single token.
LABEL_SMOOTHING = 0.0

# Try 80: only the short docstrings.
MOST_CHARACTERS = 160


def keep_short(row: dict) -> dict | None:
    """Called with every row of the data. Returns the row to train on, or None to leave it out."""
    return row if len(row["output"]) <= MOST_CHARACTERS else None


def smoothed_loss(model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean cross entropy of the next token, over the tokens that are learned (label -100: not learned)."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs, use_cache=False).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    return cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=-100, label_smoothing=LABEL_SMOOTHING
    )
