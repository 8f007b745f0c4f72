"""Blobs are what their names say, and a tree never reaches out of its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottega_engine.store import Blobs, InvalidTree, Layout, check_tree
from bottega_engine.store.blobs import BrokenPack
from bottega_engine.store.layout import COPIED_BYTES


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def packed(blobs: list[bytes]) -> bytes:
    return b"".join(len(blob).to_bytes(8, "big") + blob for blob in blobs)


async def chunks_of(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def tree_of(*entries: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
    return {"digest": sha256(text.encode()), "entries": list(entries)}


def file_entry(path: str, data: bytes, executable: bool = False) -> dict[str, Any]:
    return {"path": path, "type": "file", "blob": sha256(data), "size": len(data), "executable": executable}


@settings(deadline=None, max_examples=50)
@given(blobs=st.lists(st.binary(max_size=300), max_size=6), size=st.integers(1, 64))
async def test_a_pack_gives_its_blobs_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, blobs: list[bytes], size: int
) -> None:
    store = Blobs(tmp_path_factory.mktemp("blobs"))
    assert await store.add_pack(chunks_of(packed(blobs), size)) == len(blobs)
    assert store.missing(sha256(blob) for blob in blobs) == []
    assert all(store.path(sha256(blob)).read_bytes() == blob for blob in blobs)


async def test_a_torn_pack_leaves_no_half_blob(tmp_path: Path) -> None:
    store = Blobs(tmp_path)
    with pytest.raises(BrokenPack):
        await store.add_pack(chunks_of(packed([b"whole", b"torn"])[:-1], 3))
    assert [path.name for path in tmp_path.iterdir()] == [sha256(b"whole")]


def test_an_altered_blob_counts_as_missing(tmp_path: Path) -> None:
    store = Blobs(tmp_path)
    digest = store.add(b"weights")
    store.path(digest).chmod(0o600)
    store.path(digest).write_bytes(b"tampered")
    assert store.missing([digest]) == [digest]
    assert store.add(b"weights") == digest
    assert store.missing([digest]) == []


def test_a_run_that_writes_next_to_its_code_changes_only_its_copy(tmp_path: Path) -> None:
    store = Blobs(tmp_path / "blobs")
    large = b"x" * (COPIED_BYTES + 1)
    for data in (b"print(1)", b"#!/bin/sh", large):
        store.add(data)
    tree = tree_of(
        file_entry("bin/go", b"#!/bin/sh", executable=True),
        {"path": "latest", "type": "link", "target": "model/weights"},
        file_entry("model/weights", large),
        file_entry("train.py", b"print(1)"),
    )
    Layout(tmp_path / "first", store).become(check_tree(tree))
    (tmp_path / "first/train.py").write_text("edited")
    Layout(tmp_path / "second", store).become(check_tree(tree))
    assert (tmp_path / "second/train.py").read_bytes() == b"print(1)"
    assert (tmp_path / "second/latest").read_bytes() == large
    assert (tmp_path / "second/bin/go").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "second/train.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "../out", "type": "link", "target": "x"},
        {"path": "/etc/x", "type": "link", "target": "x"},
        {"path": "a", "type": "link", "target": "/etc/passwd"},
        {"path": "a/b", "type": "link", "target": "../../out"},
        {"path": "", "type": "link", "target": "x"},
    ],
)
def test_an_entry_that_leaves_the_tree_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidTree):
        check_tree(tree_of(entry))


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_written_through_a_link(order: int) -> None:
    entries = [{"path": "a", "type": "link", "target": "b"}, file_entry("a/c", b"")]
    with pytest.raises(InvalidTree, match="behind a link"):
        check_tree(tree_of(*entries[::order]))


def test_a_tree_is_what_its_digest_says() -> None:
    with pytest.raises(InvalidTree, match="not the one"):
        check_tree({**tree_of(file_entry("a", b"")), "digest": "0" * 64})


LARGE = b"x" * (COPIED_BYTES + 1)
paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
contents = st.one_of(
    st.tuples(st.sampled_from([b"", b"one", b"two", LARGE]), st.booleans()), st.sampled_from(["x", "b/c"])
)


def entry_of(path: str, content: tuple[bytes, bool] | str) -> dict[str, Any]:
    if isinstance(content, str):
        return {"path": path, "type": "link", "target": "../" * path.count("/") + content}
    return file_entry(path, *content)


def no_path_is_a_folder(files: dict[str, Any]) -> bool:
    return not any(other.startswith(f"{path}/") for path in files for other in files)


trees = (
    st.dictionaries(paths, contents, max_size=8)
    .filter(no_path_is_a_folder)
    .map(lambda files: tree_of(*(entry_of(path, content) for path, content in files.items())))
)


def seen_in(folder: Path) -> dict[str, object]:
    """Folders, links with their targets, and files with contents and mode, all by path."""
    return {
        str(path.relative_to(folder)): "folder"
        if path.is_dir() and not path.is_symlink()
        else path.readlink()
        if path.is_symlink()
        else (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
    }


@settings(deadline=None, max_examples=150)
@given(trees=st.lists(trees, min_size=2, max_size=4), enough_after=st.integers(0, 8))
def test_a_folder_that_held_other_trees_before_is_the_same_as_a_new_one(
    tmp_path_factory: pytest.TempPathFactory, trees: list[dict[str, Any]], enough_after: int
) -> None:
    store = Blobs(tmp_path_factory.getbasetemp() / "blobs-of-layouts")
    for data in (b"", b"one", b"two", LARGE):
        store.add(data)
    *before, last = (check_tree(tree) for tree in trees)
    folder = tmp_path_factory.mktemp("layouts")
    used, new = Layout(folder / "used", store), Layout(folder / "new", store)
    for entries in before:
        asked = iter(range(enough_after))
        used.become(entries, lambda asked=asked: next(asked, None) is None)  # type: ignore[misc]
    used.become(last)
    new.become(last)
    assert seen_in(used.folder) == seen_in(new.folder)
    assert used.saves(last) == len(last)


def test_a_folder_that_somebody_changed_saves_nothing(tmp_path: Path) -> None:
    store = Blobs(tmp_path / "blobs")
    store.add(b"one")
    entries = check_tree(tree_of(*(file_entry(name, b"one") for name in "abc")))
    layout = Layout(tmp_path / "layout", store)
    layout.become(entries)
    assert layout.saves(entries) == 3
    assert layout.saves({name: entries[name] for name in "ab"}) == 1
    assert layout.saves({}) < 0
    (layout.folder / "a").unlink()
    assert layout.saves(entries) == 0
