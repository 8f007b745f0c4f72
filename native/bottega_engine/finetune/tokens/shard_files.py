"""Shards in a folder. A shard is whole or not there, and is made by one process however many want it.

Who makes shard 7 holds a lock on `7.part`, writes it, and renames it to `7.tokens`. Who comes meanwhile waits for the
lock, and then finds the shard. A lock ends with its process, so what a killed one left is simply written anew.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bottega_engine.finetune.encoder import Document
from bottega_engine.finetune.tokens.shard import BrokenShard, Shard, shard_bytes

WAIT_S = 10.0
"""A process that makes a shard for longer hangs, or gets no processor: who waits makes the shard for itself."""


class ShardFiles:
    """`failure` says why a shard could not be written; it is then only in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.failure: OSError | None = None

    def find(self, number: int, rows: int) -> Shard | None:
        """None when it is not there, or not whole."""
        try:
            with (self._folder / f"{number}.tokens").open("rb") as file:
                return Shard(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), rows)
        except (OSError, ValueError, BrokenShard):
            # An empty file cannot be mapped: ValueError.
            return None

    def make(
        self, number: int, rows: int, encode: Callable[[], list[Document]], wait: bool = True
    ) -> Shard | None:
        """The shard, found or made. Without `wait`, None when another process makes it now."""
        try:
            with self._lock(number, wait) as descriptor:
                if (shard := self.find(number, rows)) is not None:
                    return shard
                if descriptor is not None:
                    return self._write(number, descriptor, shard_bytes(encode()), rows)
        except OSError as error:
            self.failure = error
        return Shard(shard_bytes(encode()), rows) if wait else None

    def _write(self, number: int, descriptor: int, content: bytes, rows: int) -> Shard:
        try:
            os.ftruncate(descriptor, 0)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            (self._folder / f"{number}.part").rename(self._folder / f"{number}.tokens")
        except OSError as error:
            self.failure = error
        return Shard(content, rows)

    @contextmanager
    def _lock(self, number: int, wait: bool) -> Iterator[int | None]:
        """The locked `.part`; None when another process holds it (and still does after WAIT_S)."""
        path = self._folder / f"{number}.part"
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if not _locked(descriptor, WAIT_S if wait else 0):
                    yield None
                    return
                if _is_at(path, descriptor):
                    yield descriptor
                    if _is_at(path, descriptor):
                        path.unlink()
                    return
            finally:
                os.close(descriptor)


def _locked(descriptor: int, seconds: float) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        if not seconds:
            return False
    # A lock can be waited for without a deadline only: a thread does that.
    waiting = threading.Thread(target=fcntl.flock, args=(descriptor, fcntl.LOCK_EX), daemon=True)
    waiting.start()
    waiting.join(seconds)
    return not waiting.is_alive()


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the locked file still has that name: it may have become the shard."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
