"""Whether the modules that a run executed are those of its project folder as it was sent."""

from __future__ import annotations

from typing import Any

MOST_MODULES = 10_000


class ExecutedModules:
    """`tree` is the run's own; without entries the folder was used as it lies, and nothing can be compared."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._blobs = {entry["path"]: entry["blob"] for entry in tree["entries"] if entry["type"] == "file"}
        self._left = MOST_MODULES

    def take(self, modules: list[dict[str, str]]) -> list[dict[str, str]]:
        """As many of them as are kept for one run."""
        kept = modules[: self._left]
        self._left -= len(kept)
        return kept

    def differences(self, modules: list[dict[str, str]]) -> list[str]:
        """One sentence for each module that is not as it was sent."""
        if not self._blobs:
            return []
        return [
            f"{path} was executed, but it is not part of the project folder as it was sent: it was made later."
            if path not in self._blobs
            else f"{path} was executed with other contents than were sent: it was changed after the launch."
            for path, digest in ((module["path"], module["sha256"]) for module in modules)
            if self._blobs.get(path) != digest
        ]
