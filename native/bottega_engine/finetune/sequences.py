"""Training sequences by number, and the batches made of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from bottega_engine.finetune.encoder import IGNORED, Document
from bottega_engine.finetune.packing import pack
from bottega_engine.finetune.tokens import SHARD_ROWS, Documents

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


class Sequences(Protocol):
    """Sequences have numbers; those of a shard are known when its rows are tokenized."""

    shards: range
    rows: int
    """How many rows they are made of."""

    def __len__(self) -> int:
        """Of all shards."""
        ...

    def in_shard(self, shard: int) -> list[int]:
        """The numbers of its sequences, ascending."""
        ...

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        """The sequences with these numbers, padded on the right to the longest, on the CPU."""
        ...


class RowSequences:
    """One row per sequence: all are one shard, since their numbers are known without tokens."""

    def __init__(self, documents: Documents, pad_token: int, rows: Sequence[int] | None = None) -> None:
        """`rows` are the numbers of those to use, ascending; all when it is None."""
        self.shards = range(1)
        self._documents = documents
        self._pad_token = pad_token
        self._rows = range(len(documents)) if rows is None else rows
        self.rows = len(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def in_shard(self, shard: int) -> list[int]:
        return list(range(len(self)))

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        documents = self._documents.get([self._rows[number] for number in numbers])
        length = max(len(document) for document in documents)
        tensors = {
            "input_ids": _padded([document.input_ids for document in documents], self._pad_token, length),
            "labels": _padded([document.labels for document in documents], IGNORED, length),
            "attention_mask": _padded([array("i", [1]) * len(document) for document in documents], 0, length),
        }
        return _sized(tensors, documents)


class PackedSequences:
    """Several rows of a shard per sequence. The sequences of shard 2 have the numbers from 2 * SHARD_ROWS on."""

    def __init__(
        self, documents: Documents, pad_token: int, max_length: int, rows: Sequence[int] | None = None
    ) -> None:
        """`rows` are the numbers of those to use, ascending; all when it is None."""
        self.shards = documents.shards
        self._documents = documents
        self._pad_token = pad_token
        self._max_length = max_length
        self._rows = range(len(documents)) if rows is None else rows
        self.rows = len(self._rows)
        self._packed: dict[int, list[list[int]]] = {}

    def __len__(self) -> int:
        return sum(len(self._pack(shard)) for shard in self.shards)

    def in_shard(self, shard: int) -> list[int]:
        first = shard * SHARD_ROWS
        return list(range(first, first + len(self._pack(shard))))

    def _pack(self, shard: int) -> list[list[int]]:
        """Rows per sequence. Rows with nothing to learn are left out."""
        if shard not in self._packed:
            first, tokens = shard * SHARD_ROWS, self._documents.shard(shard)
            own = self._rows[bisect_left(self._rows, first) : bisect_left(self._rows, first + SHARD_ROWS)]
            lengths, learned = tokens.lengths(), tokens.label_tokens()
            used = [row for row in own if learned[row - first] > 0]
            packed = pack([lengths[row - first] for row in used], self._max_length)
            self._packed[shard] = [[used[index] for index in sequence] for sequence in packed]
        return self._packed[shard]

    def _sequence(self, number: int) -> list[Document]:
        shard, index = divmod(number, SHARD_ROWS)
        return self._documents.get(self._pack(shard)[index])

    def batch(self, numbers: Sequence[int]) -> SizedBatch:
        packed = [self._sequence(number) for number in numbers]
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
