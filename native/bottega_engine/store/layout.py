"""A tree laid out as a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from bottega_engine.store.blobs import Blobs
from bottega_engine.store.tree import Entry

COPIED_BYTES = 4 * 1024 * 1024


class Layout:
    """A folder that holds entries of a tree, and nothing else as long as nobody else writes there.

    Files are copied, so that a run that writes next to its code changes only its own copy; large ones (models, data)
    are links to the read-only blob instead, so that a start costs milliseconds whatever the folder weighs.
    """

    def __init__(self, folder: Path, blobs: Blobs) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._blobs = blobs
        self._entries: dict[str, Entry] = {}

    def saves(self, entries: Mapping[str, Entry]) -> int:
        """How many changes fewer it needs to become these than an empty folder; 0 when somebody changed what it holds."""
        if set(_names(self.folder)) != self._entries.keys():
            return 0
        kept = sum(entries.get(path) == entry for path, entry in self._entries.items())
        return kept - (len(self._entries) - kept)

    def become(self, entries: Mapping[str, Entry], is_enough: Callable[[], bool] = lambda: False) -> None:
        """Makes it hold these (see check_tree) and no others, or some of them when it is enough before. Raises OSError."""
        for path in [path for path, entry in self._entries.items() if entries.get(path) != entry]:
            self._remove(path)
        for path, entry in entries.items():
            if is_enough():
                return
            if path not in self._entries:
                self._place(path, entry)

    def _place(self, path: str, entry: Entry) -> None:
        target = self.folder / path
        try:
            self._write(target, entry)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write(target, entry)
        self._entries[path] = entry

    def _write(self, target: Path, entry: Entry) -> None:
        if entry["type"] == "link":
            target.symlink_to(entry["target"])
        elif entry["size"] > COPIED_BYTES:
            target.symlink_to(self._blobs.path(entry["blob"]))
        else:
            data = self._blobs.path(entry["blob"]).read_bytes()
            mode = 0o755 if entry["executable"] else 0o644
            with target.open("xb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(data)

    def _remove(self, path: str) -> None:
        (self.folder / path).unlink()
        del self._entries[path]
        # A folder is there for what is in it.
        with suppress(OSError):
            for parent in PurePosixPath(path).parents[:-1]:
                (self.folder / parent).rmdir()


def _names(folder: Path, prefix: str = "") -> Iterator[str]:
    """Paths of all that lies in a folder and is none itself."""
    with os.scandir(folder) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                yield from _names(Path(each.path), f"{prefix}{each.name}/")
            else:
                yield prefix + each.name
