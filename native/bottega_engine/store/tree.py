"""What a project folder is when it travels: entries by path, and blobs by digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import Any

Entry = dict[str, Any]

ROOT = PurePosixPath()


class InvalidTree(ValueError):
    """A tree that is not what its digest says, or that reaches out of its folder."""


def check_tree(tree: dict[str, Any]) -> dict[str, Entry]:
    """Its entries by their path in the tree. Raises InvalidTree. `tree` has the shape of `Tree` in the schema."""
    text = json.dumps(tree["entries"], separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != tree["digest"]:
        raise InvalidTree("The tree is not the one its digest names.")
    entries = {inner_path(entry["path"]): entry for entry in tree["entries"]}
    links = {path for path, entry in entries.items() if entry["type"] == "link"}
    for link in links:
        inner_path(entries[link]["target"], link.parent)
    if links:
        for path in entries:
            if any(parent in links for parent in path.parents):
                raise InvalidTree(f"{path} lies behind a link.")
    return {str(path): entry for path, entry in entries.items()}


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
