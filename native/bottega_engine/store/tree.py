"""A tree laid out as the folder a run works in."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from bottega_engine.store.blobs import Blobs

COPIED_BYTES = 4 * 1024 * 1024
ROOT = PurePosixPath()


class InvalidTree(ValueError):
    """A tree that is not what its digest says, or that reaches out of its folder."""


def check_tree(tree: dict[str, Any]) -> None:
    """Raises InvalidTree. `tree` has the shape of `Tree` in the schema."""
    text = json.dumps(tree["entries"], separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != tree["digest"]:
        raise InvalidTree("The tree is not the one its digest names.")
    links: set[PurePosixPath] = set()
    for entry in tree["entries"]:
        path = inner_path(entry["path"])
        if any(parent in links for parent in path.parents):
            raise InvalidTree(f"{path} lies behind a link.")
        if entry["type"] == "link":
            links.add(path)
            inner_path(entry["target"], path.parent)


def inner_path(text: str, start: PurePosixPath = ROOT) -> PurePosixPath:
    """The path from the root of the tree, without `..`; raises InvalidTree when it leaves the tree."""
    if not text or text.startswith("/") or "\0" in text:
        raise InvalidTree(f"{text!r} is not a path inside the tree.")
    parts = list(start.parts)
    for part in PurePosixPath(text).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            raise InvalidTree(f"{text!r} leaves the tree.")
    return PurePosixPath(*parts)


def lay_out(tree: dict[str, Any], blobs: Blobs, folder: Path) -> None:
    """Makes `folder` hold the tree. Raises InvalidTree; every blob must be there.

    Files are copied, so that a run that writes next to its code changes only its own copy; large ones (models, data)
    are links to the read-only blob instead, so that a start costs milliseconds whatever the folder weighs.
    """
    check_tree(tree)
    folder.mkdir(parents=True)
    made = {folder}
    for entry in tree["entries"]:
        path = folder / inner_path(entry["path"])
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        if entry["type"] == "link":
            path.symlink_to(entry["target"])
        elif entry["size"] > COPIED_BYTES:
            path.symlink_to(blobs.path(entry["blob"]))
        else:
            shutil.copyfile(blobs.path(entry["blob"]), path)
            path.chmod(0o755 if entry["executable"] else 0o644)
