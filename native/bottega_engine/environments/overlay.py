"""A folder of packages beside the base environment."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

MANIFEST, SITE = "environment.json", "site"


class Manifest(msgspec.Struct, frozen=True):
    """`added` as uv names them (`humanize==4.9.0`); `replaced` are packages of the base that they stand in for."""

    added: list[str]
    replaced: list[str]
    requirements: str


class Overlay:
    """`site` comes first on sys.path. One that shadows nothing can be put on top of processes that are already warm."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.digest = folder.name
        self.site = folder / SITE
        self.added = manifest.added
        self.replaced = manifest.replaced

    @property
    def shadows_base(self) -> bool:
        return bool(self.replaced)

    def environment(self, inherited: dict[str, str]) -> dict[str, str]:
        """Variables for a process that uses it, and for all that it starts; `inherited` are those there would be."""
        return {
            name: os.pathsep.join([str(first), *([inherited[name]] if inherited.get(name) else [])])
            for name, first in (("PYTHONPATH", self.site), ("PATH", self.site / "bin"))
        }


def read_manifest(folder: Path) -> Manifest | None:
    """None when the environment is not there."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None
