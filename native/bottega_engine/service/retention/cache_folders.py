"""Folders that runs share: token caches and environments.

A run touches `last_used` in every folder it uses when it begins. So what was touched since the oldest active run began
may be in use, and nothing else is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bottega_engine.service.retention.run_folders import folder_size
from bottega_engine.store.cache_folder import LABEL, LAST_USED

LONGEST_LABEL = 200
KINDS = {"tokens": "tokens", "environment": "environments"}
"""The folder of each kind of thing in the data folder."""


@dataclass(frozen=True)
class CacheFolder:
    kind: str
    path: Path
    label: str
    size_bytes: int
    last_used_ms: float

    def thing(self, in_use_since_ms: float) -> dict[str, Any]:
        """A CachedThing."""
        return {
            "kind": self.kind,
            "id": self.path.name,
            "label": self.label,
            "size_bytes": self.size_bytes,
            "last_used": self.last_used_ms,
            "is_needed": self.last_used_ms >= in_use_since_ms,
        }


def read_cache_folders(data: Path) -> list[CacheFolder]:
    """Walks them all, so call it in a thread."""
    found = []
    for kind, name in KINDS.items():
        for path in sorted(folder for folder in (data / name).glob("*") if folder.is_dir()):
            last_used = last_used_ms(path)
            if last_used is not None:
                found.append(CacheFolder(kind, path, _label_of(path), folder_size(path), last_used))
    return found


def last_used_ms(folder: Path) -> float | None:
    """Null when the folder is gone. One without the mark is as old as the folder."""
    for path in (folder / LAST_USED, folder):
        try:
            return path.stat().st_mtime * 1000
        except FileNotFoundError:
            continue
    return None


def _label_of(folder: Path) -> str:
    try:
        text = (folder / LABEL).read_text(errors="replace").strip()
    except OSError:
        return folder.name[:12]
    try:
        said = msgspec.json.decode(text)
    except msgspec.DecodeError:
        said = text
    if isinstance(said, dict) and isinstance(said.get("files"), list):
        rows = f" · {said['rows']:,} rows" if isinstance(said.get("rows"), int) else ""
        said = ", ".join(str(file) for file in said["files"]) + rows
    return str(said)[:LONGEST_LABEL] or folder.name[:12]
