"""Environments made by uv beside the one that the tests run in."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from bottega_engine.environments import EnvironmentFailed, Environments, Overlay, Requirements
from bottega_engine.environments import uv as uv_module
from bottega_engine.environments.requirements import read_requirements
from bottega_engine.environments.tests.wheels import make_slow_source, make_wheel

TINY = "toolz==1.0.0"
"""Pure Python and without dependencies; not in the base environment."""


def needs(folder: Path, *dependencies: str) -> Requirements:
    requirements = read_requirements({"dependencies": list(dependencies)}, folder)
    assert requirements is not None
    return requirements


async def prepare(
    environments: Environments, requirements: Requirements
) -> tuple[Overlay | None, bool, list[str]]:
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)

    overlay, waited = await environments.prepare(requirements, say)
    return overlay, waited, said


def run_with(overlay: Overlay, program: str) -> str:
    environment = {**os.environ, **overlay.environment(dict(os.environ))}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


async def test_a_package_of_the_index_is_installed_beside_the_base_and_once(tmp_path: Path) -> None:
    environments = Environments(tmp_path)
    overlay, waited, said = await prepare(environments, needs(tmp_path, TINY))
    assert overlay is not None and waited
    assert any("Installed 1 package" in line for line in said), said
    assert (overlay.added, overlay.replaced) == ([TINY], [])
    assert run_with(overlay, "import toolz, torch; print(toolz.__version__)") == "1.0.0"
    assert run_with(overlay, "from importlib.metadata import version; print(version('toolz'))") == "1.0.0"
    again, waited, said = await prepare(environments, needs(tmp_path, TINY))
    assert again is not None and again.site == overlay.site and not waited and said == []
    assert (tmp_path / overlay.digest / "label").read_text() == TINY


async def test_what_the_base_has_needs_no_overlay(tmp_path: Path) -> None:
    overlay, waited, _ = await prepare(Environments(tmp_path), needs(tmp_path, "numpy", "msgspec>0.1"))
    assert overlay is None and waited
    overlay, waited, _ = await prepare(Environments(tmp_path), needs(tmp_path, "numpy", "msgspec>0.1"))
    assert overlay is None and not waited


async def test_versions_of_the_base_stay_where_they_fit(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "needs_numpy", "1.0", "needs_numpy", "", requires="numpy>1")
    overlay, _, _ = await prepare(Environments(tmp_path / "environments"), needs(tmp_path, f"./{wheel.name}"))
    assert overlay is not None
    assert (overlay.added, overlay.shadows_base) == (
        ["needs-numpy (needs_numpy-1.0-py3-none-any.whl)"],
        False,
    )


async def test_a_package_that_stands_in_for_one_of_the_base_is_told(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "msgspec", "99.0", "msgspec", "__version__ = 'own'")
    overlay, _, _ = await prepare(Environments(tmp_path / "environments"), needs(tmp_path, f"./{wheel.name}"))
    assert overlay is not None and overlay.shadows_base
    assert overlay.replaced == [f"msgspec=={version('msgspec')}"]
    assert run_with(overlay, "import msgspec; print(msgspec.__version__)") == "own"


async def test_commands_of_the_packages_are_found(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "own", "1.0", "own", "def say(): print('hello')")
    overlay, _, _ = await prepare(Environments(tmp_path / "environments"), needs(tmp_path, f"./{wheel.name}"))
    assert overlay is not None
    assert run_with(overlay, "import subprocess; subprocess.run(['own-say'], check=True)") == "hello"


@pytest.mark.parametrize(
    ("dependencies", "reason"),
    [
        (["toolz==1.0.0", "toolz==0.12.0"], "you require toolz==1.0.0 and toolz==0.12.0"),
        (["toolz==99"], "there is no version of toolz==99"),
        (["toolz = 1"], "Couldn't parse requirement"),
        (["toolz==1.0.0 --hash=sha256:" + "0" * 64], "Hash mismatch for `toolz==1.0.0`"),
    ],
)
async def test_uv_says_what_is_wrong_and_nothing_half_made_stays(
    tmp_path: Path, dependencies: list[str], reason: str
) -> None:
    with pytest.raises(EnvironmentFailed) as failed:
        await prepare(Environments(tmp_path), needs(tmp_path, *dependencies))
    assert reason in str(failed.value)
    assert "\n" not in str(failed.value)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


async def test_without_network_uv_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(EnvironmentFailed, match="network was disabled"):
        await prepare(Environments(tmp_path / "environments"), needs(tmp_path, TINY))


async def test_a_node_without_uv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(uv_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentFailed, match="need uv on the node"):
        await prepare(Environments(tmp_path), needs(tmp_path, TINY))


async def test_two_that_need_the_same_install_it_once(tmp_path: Path) -> None:
    both = await asyncio.gather(*(prepare(Environments(tmp_path), needs(tmp_path, TINY)) for _ in range(2)))
    said = [line for _, _, lines in both for line in lines]
    assert sum("Installed 1 package" in line for line in said) == 1, said
    assert "Another run installs the same dependencies; this one waits for it." in said
    assert all(overlay is not None and waited for overlay, waited, _ in both)


async def test_one_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    started, folder = tmp_path / "started", tmp_path / "environments"
    source = make_slow_source(tmp_path, "slow", started)
    giving_up = asyncio.create_task(prepare(Environments(folder), needs(tmp_path, f"./{source.name}")))
    async with asyncio.timeout(30):
        while not started.exists():
            await asyncio.sleep(0.01)
    giving_up.cancel()
    await asyncio.gather(giving_up, return_exceptions=True)
    assert giving_up.cancelled()
    assert [path.suffix for path in folder.iterdir()] == [".lock"]
    assert [child.name() for child in psutil.Process().children(recursive=True) if child.name() == "uv"] == []
    overlay, _, _ = await prepare(Environments(folder), needs(tmp_path, TINY))
    assert overlay is not None


def prepare_here(folder: Path) -> None:
    asyncio.run(prepare(Environments(folder), needs(folder, TINY)))


async def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=prepare_here, args=(tmp_path,))
    process.start()
    async with asyncio.timeout(30):
        while not list(tmp_path.glob("*.part/wanted.txt")):
            await asyncio.sleep(0)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    other = tmp_path / f"{'0' * 32}.part"
    other.mkdir()
    overlay, _, _ = await prepare(Environments(tmp_path), needs(tmp_path, TINY))
    assert overlay is not None
    assert list(tmp_path.glob("*.part")) == []
    assert run_with(overlay, "import toolz; print(toolz.__version__)") == "1.0.0"
