"""The folder of one token cache: `<tokens>/<key>/`, with shards, and what is known of the rows without reading them.

<number>.tokens   shards
rows.json         {"rows": 9990, "format": "chat"}; written once the rows were checked
label             what a person knows it by
last_used         touched by every run that uses it
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from bottega_engine.finetune.tokens.shard_files import ShardFiles
from bottega_engine.store.cache_folder import LABEL, mark_used

ROWS = "rows.json"


class RowsKnown(msgspec.Struct, frozen=True):
    rows: int
    format: str


class TokenCache:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shards = ShardFiles(folder)

    def rows(self) -> RowsKnown | None:
        """None when no run has read them all yet."""
        try:
            return msgspec.json.decode((self._folder / ROWS).read_bytes(), type=RowsKnown)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def remember(self, known: RowsKnown, files: list[str]) -> None:
        """Raises OSError."""
        self._write(LABEL, {"files": files, "rows": known.rows})
        self._write(ROWS, msgspec.to_builtins(known))

    def _write(self, name: str, content: dict[str, Any]) -> None:
        # Its own name for each process: several may begin the same cache.
        temporary = self._folder / f"{name}.{os.getpid()}.part"
        try:
            temporary.write_text(json.dumps(content))
            temporary.rename(self._folder / name)
        finally:
            temporary.unlink(missing_ok=True)


def open_cache(tokens_dir: Path, key: str) -> TokenCache:
    """Makes its folder and marks it as used now. Raises OSError."""
    folder = tokens_dir / key
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark_used(folder)
    return TokenCache(folder)
