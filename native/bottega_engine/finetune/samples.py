"""Texts the model writes while it learns."""

from __future__ import annotations

from typing import Any

import torch

from bottega_engine.rank_context import RankContext


@torch.no_grad()
def emit_samples(
    model: Any,
    tokenizer: Any,
    settings: dict[str, Any],
    step: int,
    device: torch.device,
    context: RankContext,
) -> None:
    """Continues every prompt greedily and emits what was written, without the prompt. Called on rank 0."""
    model.eval()
    filler = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    for prompt in settings["prompts"]:
        encoded = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False).to(device)
        written = model.generate(
            **encoded,
            max_new_tokens=settings["max_new_tokens"],
            do_sample=False,
            use_cache=True,
            pad_token_id=filler if filler is not None else 0,
        )
        text = tokenizer.decode(written[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
        context.emit({"type": "artifact", "kind": "sample", "name": prompt, "step": step, "text": text})
