"""A file that takes up space until it is needed: the last events of runs when the disk is full."""

from __future__ import annotations

from pathlib import Path

SIZE_BYTES = 1024 * 1024


class SpareSpace:
    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self) -> None:
        """Raises OSError when there is no space to spare."""
        if self._path.exists():
            return
        try:
            self._path.write_bytes(b"\0" * SIZE_BYTES)
        except OSError:
            self.give()
            raise

    def give(self) -> None:
        self._path.unlink(missing_ok=True)
