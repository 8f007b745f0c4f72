"""A file that takes up space until it is needed: the last events of runs when the disk is full."""

from __future__ import annotations

import contextlib
from pathlib import Path

SIZE_BYTES = 1024 * 1024


class SpareSpace:
    def __init__(self, path: Path) -> None:
        self._path = path
        # A disk that is full already has nothing to spare.
        with contextlib.suppress(OSError):
            if not path.exists():
                path.write_bytes(b"\0" * SIZE_BYTES)

    def give(self) -> None:
        self._path.unlink(missing_ok=True)
