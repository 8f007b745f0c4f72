"""Files by the SHA-256 of their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

LENGTH_BYTES = 8
TOUCHED_EVERY_S = 600.0
DIGEST = re.compile(r"[0-9a-f]{64}")


class FoundBlob(NamedTuple):
    digest: str
    size_bytes: int
    touched_ms: float


class BrokenPack(ValueError):
    """A pack that ends in the middle of a blob."""


class Blobs:
    """A folder of read-only files named by their digest.

    A blob's time of change is set to 0 when it is written. A process that may write anywhere (root) could still alter
    one through a link; its time tells, and it counts as missing from then on. When a blob came, or was last asked for,
    its inode's own time says (ctime), which nobody can set.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in folder.glob("*.part"):
            leftover.unlink()

    def path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is not a SHA-256")
        return self._folder / digest

    def missing(self, digests: Iterable[str]) -> list[str]:
        return [digest for digest in digests if not self._has(digest)]

    def _has(self, digest: str) -> bool:
        path = self.path(digest)
        try:
            found = path.stat()
            if found.st_mtime_ns == 0:
                self._touch(path, found)
                return True
        except FileNotFoundError:
            return False
        path.unlink(missing_ok=True)
        return False

    def _touch(self, path: Path, found: os.stat_result) -> None:
        # Not each time: a submit asks for every file of a project folder.
        if time.time() - found.st_ctime > TOUCHED_EVERY_S:
            os.utime(path, ns=(time.time_ns(), 0))

    def untouched_since(self, before_ms: float, needed: Collection[str]) -> list[FoundBlob]:
        """Blobs that are not needed, and that nobody asked for since. Looks at every file, so call it in a thread."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not DIGEST.fullmatch(entry.name) or entry.name in needed:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    stat = entry.stat()
                    if stat.st_ctime * 1000 <= before_ms:
                        found.append(FoundBlob(entry.name, stat.st_size, stat.st_ctime * 1000))
        return found

    def remove_untouched(self, digest: str, before_ms: float) -> None:
        """Removes a blob unless somebody asked for it meanwhile."""
        path = self.path(digest)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ctime * 1000 <= before_ms:
                path.unlink()

    def add(self, data: bytes) -> str:
        """Keeps the bytes and answers their digest."""
        with _Incoming(self._folder) as incoming:
            incoming.write(data)
            return incoming.keep()

    async def add_pack(self, chunks: AsyncIterator[bytes]) -> int:
        """Keeps every blob of a pack (`BLOB_PACK` in the schema) as it arrives; answers how many there were.

        Raises BrokenPack, and OSError when the disk is full; blobs before that are kept.
        """
        buffer = bytearray()
        left = -1
        count = 0
        incoming: _Incoming | None = None
        try:
            async for chunk in chunks:
                buffer += chunk
                while True:
                    if incoming is None:
                        if len(buffer) < LENGTH_BYTES:
                            break
                        left = int.from_bytes(buffer[:LENGTH_BYTES], "big")
                        del buffer[:LENGTH_BYTES]
                        incoming = _Incoming(self._folder)
                    taken = min(left, len(buffer))
                    incoming.write(bytes(buffer[:taken]))
                    del buffer[:taken]
                    left -= taken
                    if left:
                        break
                    incoming.keep()
                    incoming = None
                    count += 1
        finally:
            if incoming is not None:
                incoming.drop()
        if incoming is not None or buffer:
            raise BrokenPack("The pack ends in the middle of a blob.")
        return count


class _Incoming:
    """A blob that is being written; it gets its name when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{secrets.token_hex(8)}.part"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        self._hash = hashlib.sha256()

    def __enter__(self) -> _Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def keep(self) -> str:
        digest = self._hash.hexdigest()
        os.utime(self._file, ns=(0, 0))
        self._path.rename(self._folder / digest)
        self.drop()
        return digest

    def drop(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
