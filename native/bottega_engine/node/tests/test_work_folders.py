"""The folder for the next run is there before it is asked for, and is never another one than was asked for."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from bottega_engine.node import work_folders
from bottega_engine.node.work_folders import MOST_SPARES, WorkFolders
from bottega_engine.store import Blobs
from bottega_engine.store.layout import Layout
from bottega_engine.store.tests.test_store import file_entry
from bottega_engine.store.tests.test_store import tree_of as tree_of_entries


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def folders(tmp_path: Path, blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> WorkFolders:
    monkeypatch.setattr(work_folders, "PAUSE_S", 0.01)
    return WorkFolders(tmp_path / "next", blobs)


def tree_of(blobs: Blobs, files: dict[str, str]) -> dict[str, Any]:
    for text in files.values():
        blobs.add(text.encode())
    return tree_of_entries(*(file_entry(path, text.encode()) for path, text in files.items()))


def project(name: str = "project", **edited: str) -> dict[str, str]:
    return {f"{name}/{number}.py": f"{name} {number}" for number in range(20)} | {
        f"{path}.py": text for path, text in edited.items()
    }


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}


async def spares(tmp_path: Path, count: int) -> list[Path]:
    """The folders that wait for a run, as soon as there are so many, whole."""
    async with asyncio.timeout(10):
        while True:
            found = list((tmp_path / "next").glob("*"))
            if len(found) == count and all(len(read(each)) >= 20 for each in found):
                return found
            await asyncio.sleep(0.01)


async def test_the_next_run_gets_the_folder_that_was_made_meanwhile(
    tmp_path: Path, blobs: Blobs, folders: WorkFolders
) -> None:
    await folders.lay_out(tree_of(blobs, project()), tmp_path / "runs/1/work")
    [spare] = await spares(tmp_path, 1)
    known = spare.stat().st_ino
    (tmp_path / "runs/1/work/project/3.py").write_text("written by the run")
    edited = project(new="new") | {"project/7.py": "edited"}
    await folders.lay_out(tree_of(blobs, edited), tmp_path / "runs/2/work")
    assert (tmp_path / "runs/2/work").stat().st_ino == known
    assert read(tmp_path / "runs/2/work") == edited


async def test_runs_at_once_and_of_other_projects_get_their_own(
    tmp_path: Path, blobs: Blobs, folders: WorkFolders
) -> None:
    for turn in range(3):
        files = [
            project(f"project{number}", turn=str(turn)) for number in range(MOST_SPARES + 1) for _ in "ab"
        ]
        works = [tmp_path / f"runs/{turn}-{number}/work" for number in range(len(files))]
        await asyncio.gather(
            *(folders.lay_out(tree_of(blobs, each), work) for each, work in zip(files, works, strict=True))
        )
        assert [read(work) for work in works] == files
        for each in files:
            await folders.lay_out(tree_of(blobs, each), work := tmp_path / f"runs/{turn}-{len(works)}/work")
            works.append(work)
            assert read(work) == each
            await asyncio.sleep(0.03)
    await spares(tmp_path, MOST_SPARES)


async def test_a_folder_that_is_only_half_made_is_of_use(
    tmp_path: Path, blobs: Blobs, folders: WorkFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, begun = Layout._place, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(layout: Layout, path: str, entry: dict[str, Any]) -> None:
        place(layout, path, entry)
        if path == "project/9.py":
            asyncio.run_coroutine_threadsafe(until_needed(), loop).result(10)

    async def until_needed() -> None:
        begun.set()
        await folders._is_needed.wait()

    await folders.lay_out(tree_of(blobs, project()), tmp_path / "runs/1/work")
    monkeypatch.setattr(Layout, "_place", slowly)
    await asyncio.wait_for(begun.wait(), 10)
    [half] = (tmp_path / "next").iterdir()
    assert len(read(half)) == 10
    known = half.stat().st_ino
    monkeypatch.setattr(Layout, "_place", place)
    await folders.lay_out(tree_of(blobs, project()), tmp_path / "runs/2/work")
    assert (tmp_path / "runs/2/work").stat().st_ino == known
    assert read(tmp_path / "runs/2/work") == project()


@pytest.mark.parametrize("damage", ["all", "one"])
async def test_a_folder_that_somebody_touched_is_not_used(
    tmp_path: Path, blobs: Blobs, folders: WorkFolders, damage: str
) -> None:
    await folders.lay_out(tree_of(blobs, project()), tmp_path / "runs/1/work")
    [spare] = await spares(tmp_path, 1)
    if damage == "all":
        shutil.rmtree(spare)
    else:
        (spare / "project/3.py").unlink()
    await folders.lay_out(tree_of(blobs, project()), tmp_path / "runs/2/work")
    assert read(tmp_path / "runs/2/work") == project()


def test_what_a_killed_keeper_was_making_is_gone_with_the_next(tmp_path: Path, blobs: Blobs) -> None:
    (tmp_path / "next/half").mkdir(parents=True)
    WorkFolders(tmp_path / "next", blobs)
    assert not (tmp_path / "next").exists()
