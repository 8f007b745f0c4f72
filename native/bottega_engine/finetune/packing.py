"""Several documents in one sequence, which never see each other.

A packed sequence carries `position_ids` that start again at 0 with every document, and no attention mask:
transformers then builds a block-diagonal causal mask from the positions. An attention mask, even one of only
ones, turns that off and mixes the documents without a word.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any

import torch

from bottega_engine.rank_context import RunFailed


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Indices of documents per sequence, by best fit, longest document first.

    Every index appears exactly once; no sequence is longer than `capacity` tokens. Raises ValueError for a
    document longer than `capacity`.
    """
    sequences: list[list[int]] = []
    open_by_space: dict[int, list[int]] = {}
    spaces: list[int] = []
    for document in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        length = lengths[document]
        if length > capacity:
            raise ValueError(f"document {document} has {length} tokens, more than {capacity}")
        at = bisect_left(spaces, length)
        if at == len(spaces):
            sequence, space = len(sequences), capacity
            sequences.append([])
        else:
            space = spaces[at]
            sequence = open_by_space[space].pop()
            if not open_by_space[space]:
                del open_by_space[space]
                spaces.pop(at)
        sequences[sequence].append(document)
        left = space - length
        if left not in open_by_space:
            open_by_space[left] = []
            insort(spaces, left)
        open_by_space[left].append(sequence)
    return sequences


@torch.no_grad()
def check_model_keeps_documents_apart(model: Any, vocabulary: int, device: torch.device) -> None:
    """Raises RunFailed when a document changes what the model says about the next one in its sequence.

    Models whose layers look past the positions (state-space layers, fixed attention biases) do.
    """
    length = 8
    first = torch.arange(length, device=device) % vocabulary
    second = (first + 7) % vocabulary
    batch = torch.stack([torch.cat([first, second]), torch.cat([first.flip(0), second])])
    positions = torch.arange(length, device=device).repeat(2).expand(2, -1)
    was_training = model.training
    model.eval()
    try:
        logits = model(input_ids=batch, position_ids=positions, use_cache=False).logits[:, length:].float()
    except TypeError as error:
        raise RunFailed(_cannot_pack, _cannot_pack_hint) from error
    finally:
        model.train(was_training)
    if (logits[0] - logits[1]).abs().max() > 1e-4 * logits.abs().max():
        raise RunFailed(_cannot_pack, _cannot_pack_hint)


_cannot_pack = "This model cannot be trained with data.packing: its documents would see each other."
_cannot_pack_hint = "Set packing: false."
