"""Training sequences by number, and the batches made of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from bottega_engine.finetune.encoder import IGNORED, Document, Encoder
from bottega_engine.finetune.packing import pack
from bottega_engine.finetune.rows import Row

Batch = dict[str, torch.Tensor]
"""`input_ids`, `labels` (batch, length; IGNORED where nothing is learned), and `attention_mask` or, when packed,
`position_ids`."""


@dataclass(frozen=True)
class SizedBatch:
    """A batch, the tokens in it without padding, and those of them that are learned and count in the step."""

    tensors: Batch
    tokens: int
    label_tokens: int

    def without_weight(self) -> SizedBatch:
        return SizedBatch(self.tensors, 0, 0)

    def to(self, device: torch.device) -> SizedBatch:
        moved = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return SizedBatch(moved, self.tokens, self.label_tokens)


ENCODED_AT_ONCE = 4096


class Sequences(Protocol):
    def __len__(self) -> int: ...

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        """The sequences with these numbers, padded on the right to the longest, on the CPU."""
        ...


class RowSequences:
    """One row per sequence, tokenized when it is first asked for: the first step waits for its own rows only."""

    def __init__(self, rows: list[Row], encoder: Encoder, pad_token: int) -> None:
        self._rows = rows
        self._encoder = encoder
        self._pad_token = pad_token
        self._documents: dict[int, Document] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        missing = [number for number in numbers if number not in self._documents]
        if missing:
            encoded = self._encoder.encode([self._rows[number] for number in missing])
            self._documents.update(zip(missing, encoded, strict=True))
        documents = [self._documents[number] for number in numbers]
        length = max(len(document) for document in documents)
        tensors = {
            "input_ids": _padded([document.input_ids for document in documents], self._pad_token, length),
            "labels": _padded([document.labels for document in documents], IGNORED, length),
            "attention_mask": _padded([array("i", [1]) * len(document) for document in documents], 0, length),
        }
        return _sized(tensors, documents)


class PackedSequences:
    """Several rows per sequence; all rows are tokenized at once, since packing needs their lengths."""

    def __init__(self, rows: list[Row], encoder: Encoder, pad_token: int, max_length: int) -> None:
        chunks = (rows[start : start + ENCODED_AT_ONCE] for start in range(0, len(rows), ENCODED_AT_ONCE))
        documents = (document for chunk in chunks for document in encoder.encode(chunk))
        self._documents = [document for document in documents if document.label_tokens > 0]
        self._packed = pack([len(document) for document in self._documents], max_length)
        self._pad_token = pad_token

    def __len__(self) -> int:
        return len(self._packed)

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        packed = [[self._documents[index] for index in self._packed[number]] for number in numbers]
        tokens = [_joined([document.input_ids for document in documents]) for documents in packed]
        labels = [_joined([document.labels for document in documents]) for documents in packed]
        length = max(len(row) for row in tokens)
        # The padding starts at position 0 too: to the model it is one more document, which nothing else sees.
        positions = [
            _joined(
                [array("i", range(len(document))) for document in documents]
                + [array("i", range(length - len(row)))]
            )
            for documents, row in zip(packed, tokens, strict=True)
        ]
        tensors = {
            "input_ids": _padded(tokens, self._pad_token, length),
            "labels": _padded(labels, IGNORED, length),
            "position_ids": _padded(positions, 0, length),
        }
        return _sized(tensors, [document for documents in packed for document in documents])


def _sized(tensors: Batch, documents: list[Document]) -> SizedBatch:
    tokens = sum(len(document) for document in documents)
    return SizedBatch(tensors, tokens, sum(document.label_tokens for document in documents))


def _joined(pieces: list[array[int]]) -> array[int]:
    whole = array("i")
    for piece in pieces:
        whole.extend(piece)
    return whole


def _padded(rows: Sequence[array[int]], filler: int, length: int) -> torch.Tensor:
    values = [value for row in rows for value in (*row, *[filler] * (length - len(row)))]
    return torch.tensor(values, dtype=torch.long).view(len(rows), length)
