"""Folders on their way out: gone from their place at once, deleted beside the event loop, also after a kill."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from contextlib import suppress
from pathlib import Path


class Trash:
    """Lies on the same disk as what it takes, so that taking is one rename."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._emptying = asyncio.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def take(self, path: Path) -> None:
        """Raises OSError. The space is free after the next `empty`."""
        with suppress(FileNotFoundError):
            path.rename(self._folder / secrets.token_hex(8))

    async def empty(self) -> None:
        async with self._emptying:
            for path in list(self._folder.iterdir()):
                await asyncio.to_thread(shutil.rmtree, path, True)
