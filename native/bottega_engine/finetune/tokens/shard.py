"""A shard: the tokens of up to SHARD_ROWS rows, in columns that are used where they lie.

magic, rows, tokens | offsets of the rows (int64) | token ids (int32) | whether it is learned (uint8) | checksum
"""

from __future__ import annotations

import struct
import zlib
from array import array
from mmap import mmap

import numpy as np

from bottega_engine.finetune.encoder import IGNORED, Document

SHARD_ROWS = 4096
MAGIC = b"tokens-1"
HEAD = struct.Struct("<8sqq")
FOOT = struct.Struct("<I")


class BrokenShard(Exception):
    """These bytes are not a whole shard."""


def shard_bytes(documents: list[Document]) -> bytes:
    lengths = [len(document) for document in documents]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype("<i8")
    ids = np.concatenate([np.frombuffer(document.input_ids, np.int32) for document in documents])
    labels = np.concatenate([np.frombuffer(document.labels, np.int32) for document in documents])
    learned = (labels != IGNORED).astype(np.uint8)
    head = HEAD.pack(MAGIC, len(documents), len(ids))
    body = b"".join([head, offsets.tobytes(), ids.astype("<i4").tobytes(), learned.tobytes()])
    return body + FOOT.pack(zlib.crc32(body))


class Shard:
    """`buffer` is what `shard_bytes` made. Raises BrokenShard when it is not, or has another number of rows."""

    def __init__(self, buffer: bytes | mmap, rows: int) -> None:
        view = memoryview(buffer)
        if len(view) < HEAD.size + FOOT.size:
            raise BrokenShard("it is too short")
        magic, found, tokens = HEAD.unpack_from(view)
        size = HEAD.size + 8 * (found + 1) + 5 * tokens + FOOT.size
        if magic != MAGIC or found != rows or size != len(view):
            raise BrokenShard("its length is wrong")
        if FOOT.unpack_from(view, size - FOOT.size)[0] != zlib.crc32(view[: -FOOT.size]):
            raise BrokenShard("its checksum is wrong")
        ids_at = HEAD.size + 8 * (rows + 1)
        self._offsets = np.frombuffer(view, "<i8", rows + 1, HEAD.size)
        self._ids = np.frombuffer(view, "<i4", tokens, ids_at)
        self._learned = np.frombuffer(view, np.uint8, tokens, ids_at + 4 * tokens)

    def document(self, index: int) -> Document:
        start, end = self._offsets[index : index + 2]
        ids = self._ids[start:end]
        labels = np.where(self._learned[start:end] != 0, ids, np.int32(IGNORED))
        return Document(array("i", ids.tobytes()), array("i", labels.tobytes()))

    def lengths(self) -> list[int]:
        """Tokens of each document."""
        return np.diff(self._offsets).tolist()

    def label_tokens(self) -> list[int]:
        """Learned tokens of each document; none is without tokens."""
        return np.add.reduceat(self._learned, self._offsets[:-1], dtype=np.int64).tolist()
