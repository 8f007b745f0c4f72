"""The rows of one source of data as tokens, by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bottega_engine.finetune.encoder import Document, Encoder
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.tokens.shard import SHARD_ROWS, Shard, shard_bytes
from bottega_engine.finetune.tokens.shard_files import ShardFiles


class Documents:
    """`rows` reads all rows, and is called only when some of them must be encoded. Without `files` shards are in memory."""

    def __init__(
        self, count: int, rows: Callable[[], list[Row]], encoder: Encoder, files: ShardFiles | None = None
    ) -> None:
        self._count = count
        self._rows = rows
        self._encoder = encoder
        self._files = files
        self._shards: dict[int, Shard] = {}
        self._encoded: dict[int, Document] = {}

    @classmethod
    def of(cls, rows: list[Row], encoder: Encoder) -> Documents:
        return cls(len(rows), lambda: rows, encoder)

    def __len__(self) -> int:
        return self._count

    @property
    def shards(self) -> range:
        return range(-(-self._count // SHARD_ROWS))

    @property
    def failure(self) -> OSError | None:
        """Why the last shard could not be kept on the disk."""
        return self._files.failure if self._files else None

    def get(self, numbers: Sequence[int]) -> list[Document]:
        """Waits for nobody: what is in no shard yet is encoded, and only that."""
        found = {number: self._find(number) for number in numbers}
        missing = [number for number, document in found.items() if document is None]
        if missing:
            rows = self._rows()
            encoded = self._encoder.encode([rows[number] for number in missing])
            self._encoded.update(zip(missing, encoded, strict=True))
        return [found[number] or self._encoded[number] for number in numbers]

    def shard(self, number: int) -> Shard:
        """Makes it when it is not there, or waits until whoever makes it is done."""
        shard = self._open(number) or self._make(number, wait=True)
        assert shard is not None
        return shard

    def missing(self) -> list[int]:
        """Shards that are not there."""
        return [number for number in self.shards if self._open(number) is None]

    def make(self, numbers: Sequence[int]) -> None:
        """Makes these shards, first those that nobody else is making."""
        for wait in (False, True):
            for number in numbers:
                if self._open(number) is None:
                    self._make(number, wait)

    @property
    def can_be_kept(self) -> bool:
        return self._files is not None and self._files.failure is None

    def _find(self, number: int) -> Document | None:
        if (document := self._encoded.get(number)) is not None:
            return document
        shard = self._open(number // SHARD_ROWS)
        return shard.document(number % SHARD_ROWS) if shard else None

    def _open(self, number: int) -> Shard | None:
        shard = self._shards.get(number)
        if shard is None and self._files and (shard := self._files.find(number, len(self._span(number)))):
            self._shards[number] = shard
        return shard

    def _make(self, number: int, wait: bool) -> Shard | None:
        span = self._span(number)

        def encode() -> list[Document]:
            rows = self._rows()
            return self._encoder.encode([rows[each] for each in span])

        if self._files is None:
            shard: Shard | None = Shard(shard_bytes(encode()), len(span))
        else:
            shard = self._files.make(number, len(span), encode, wait)
        if shard is not None:
            self._shards[number] = shard
        return shard

    def _span(self, shard: int) -> range:
        return range(shard * SHARD_ROWS, min(self._count, (shard + 1) * SHARD_ROWS))
