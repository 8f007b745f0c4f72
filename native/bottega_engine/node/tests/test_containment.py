"""A run that misbehaves is ended with a reason; the zygote, the keeper and the other runs do not notice.

Every bomb here stops by itself: after a number of forks, or a few seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from bottega_engine.node import launch as messages
from bottega_engine.node.memory import node_memory
from bottega_engine.node.tests.keeper_process import KeeperProcess, RunSeen, keeper_process
from bottega_schema.validate import schemas, with_defaults

MOST = 64
SCRIPT = schemas("run-config")["script"]
SLOW_FORKER = (
    "for _ in range(200):\n    if os.fork() == 0: time.sleep(30); os._exit(0)\n    time.sleep(0.02)\n"
)
BOMB = "ends = time.monotonic() + 5\nfor _ in range(10):\n    time.monotonic() < ends and os.fork()\ntime.sleep(10)\n"
ESCAPING_BOMB = BOMB.replace("os.fork()\n", "(os.fork() or os.setsid())\n")
SHELL_BOMB = 'n=$1; b() { [ "$1" -gt 0 ] && { b $(($1-1)) | b $(($1-1)) & }; sleep 3; }; b 9'
THREADS = "import threading\nfor _ in range(3000): threading.Thread(target=time.sleep, args=(30,)).start()\n"
HANGS = (
    "import ctypes, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\n"
    "def stuck_here():\n    ctypes.PyDLL(None).sleep(60)\nstuck_here()\n"
)
FLOOD = "line = 'x' * 200 + '\\n'\nends = time.monotonic() + 20\nwhile time.monotonic() < ends: sys.stdout.write(line)\n"
OPENS = "files = []\ntry:\n    while True: files.append(open(os.devnull))\nexcept OSError as e: print('full', e.errno, flush=True)\ntime.sleep(30)\n"
EATS = "data = []\nfor _ in range({pieces}): data.append(bytearray(os.urandom(1 << 16) * 160)); time.sleep(0.01)\ntime.sleep(20)\n"
COUNTS = "for number in range(100000):\n    print(number, flush=True)\n    time.sleep(0.05)\n"


def script(command: str | list[str] = "run.py", **changes: Any) -> dict[str, Any]:
    return with_defaults(SCRIPT, {"kind": "script", "command": command, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KeeperProcess]:
    async with keeper_process(tmp_path_factory.mktemp("guarded") / "data", most_processes=MOST) as keeper:
        yield keeper


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def healthy(guarded: KeeperProcess, tmp_path: Path) -> AsyncIterator[None]:
    """Another run goes on all the while, the zygote stays the same, nothing is left, and a new run starts."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.py").write_text("import time\n" + COUNTS)
    bystander = await guarded.submit(other, script())
    await guarded.until(lambda: "1\n" in bystander.output)
    [zygote] = guarded.children("bottega-zygote")
    yield
    before = bystander.output
    await guarded.until(lambda: bystander.output != before, 10)
    (other / "run.py").write_text("print('new')\n")
    assert (await guarded.run(other, script())).output == "new\n"
    assert guarded.children("bottega-zygote") == [zygote]
    await guarded.tell(messages.Stop(bystander.id, 0))
    await guarded.end_of(bystander, "stopped")
    assert {child.name() for child in psutil.Process(guarded.pid).children(recursive=True)} <= {
        "bottega-zygote",
        "bottega-base",
    }


async def start(keeper: KeeperProcess, folder: Path, code: str, **config: Any) -> RunSeen:
    (folder / "run.py").write_text("import os, sys, time\n" + code)
    return await keeper.submit(folder, script(**config))


async def reason_of(keeper: KeeperProcess, run: RunSeen) -> str:
    await keeper.end_of(run, "failed")
    assert run.end is not None
    return run.end.reason


@pytest.mark.parametrize(
    "code", [SLOW_FORKER, THREADS, BOMB, ESCAPING_BOMB], ids=["slow", "threads", "bomb", "escaping"]
)
async def test_too_many_processes_or_threads(
    guarded: KeeperProcess, folder: Path, healthy: None, code: str
) -> None:
    reason = await reason_of(guarded, await start(guarded, folder, code))
    assert reason.startswith("The run was ended: it had ") and "64 are allowed for each rank" in reason


async def test_a_fork_bomb_of_a_shell(guarded: KeeperProcess, folder: Path, healthy: None) -> None:
    reason = await reason_of(guarded, await guarded.submit(folder, script(["sh", "-c", SHELL_BOMB])))
    assert "64 are allowed for each rank" in reason


async def test_a_run_that_takes_more_memory_than_it_may(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    run = await start(guarded, folder, EATS.format(pieces=200), resources={"memory_gib_per_rank": 1})
    reason = await reason_of(guarded, run)
    assert (
        reason.startswith("The run was ended: rank 0 used 1.") and "memory_gib_per_rank allows 1." in reason
    )


async def test_what_ranks_share_with_the_zygote_is_not_counted_twice(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    """Each process has the libraries in memory, several hundred MB, which are there once."""
    code = "for _ in range(8):\n    if os.fork() == 0: time.sleep(1.5); os._exit(0)\ntime.sleep(1.5)\n"
    run = await start(guarded, folder, code, resources={"memory_gib_per_rank": 1})
    await guarded.end_of(run, "done")


async def test_the_largest_run_goes_before_the_node_is_full(tmp_path: Path, folder: Path) -> None:
    memory = node_memory()
    least = (memory.available_bytes - 2500 * 2**20) / memory.total_bytes
    async with keeper_process(tmp_path / "data", least_memory=least) as keeper:
        small = await start(keeper, folder, COUNTS)
        await keeper.until(lambda: "1\n" in small.output)
        large = await start(keeper, folder, EATS.format(pieces=450))
        reason = await reason_of(keeper, large)
        assert "of memory left, and this run used the most (" in reason
        before = small.output
        await keeper.until(lambda: small.output != before, 10)


async def test_a_run_stuck_in_native_code_is_stopped_within_its_grace(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    run = await start(guarded, folder, HANGS)
    await guarded.until(lambda: "up" in run.output)
    began = time.monotonic()
    await guarded.tell(messages.Stop(run.id, 0.5))
    await guarded.end_of(run, "stopped")
    assert time.monotonic() - began < 4
    assert run.end is not None and run.end.reason == "did not end when it was asked to, and was killed"


async def test_a_run_that_is_silent_too_long_shows_where_it_hangs(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    run = await start(guarded, folder, HANGS, stall_minutes=0.02)
    reason = await reason_of(guarded, run)
    assert reason.startswith("The run was ended: it said nothing for 0.02 minutes (stall_minutes).")
    assert "in stuck_here" in run.output


async def test_a_run_that_speaks_is_not_silent(guarded: KeeperProcess, folder: Path, healthy: None) -> None:
    code = "for _ in range(30): print('.', flush=True); time.sleep(0.1)\n"
    await guarded.end_of(await start(guarded, folder, code, stall_minutes=0.02), "done")


async def test_a_flood_is_stopped_at_once(guarded: KeeperProcess, folder: Path, healthy: None) -> None:
    run = await start(guarded, folder, FLOOD)
    await guarded.until(lambda: len(run.records) > 20)
    began = time.monotonic()
    await guarded.tell(messages.Stop(run.id, 0.2))
    await guarded.end_of(run, "stopped")
    assert time.monotonic() - began < 5


async def test_a_run_without_descriptors_can_be_stopped(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    run = await start(guarded, folder, OPENS)
    await guarded.until(lambda: "full 24" in run.output)
    await guarded.tell(messages.Stop(run.id, 2))
    await guarded.end_of(run, "stopped")


async def test_one_killed_rank_of_two_ends_the_gang(
    guarded: KeeperProcess, folder: Path, healthy: None
) -> None:
    code = "print('pid', os.getpid(), flush=True) if os.environ['RANK'] == '1' else None\ntime.sleep(60)\n"
    run = await start(guarded, folder, code, resources={"ranks": 2})
    await guarded.until(lambda: "pid" in run.output)
    began = time.monotonic()
    os.kill(run.rank_pid, signal.SIGKILL)
    assert await reason_of(guarded, run) == "rank 1 was killed by SIGKILL"
    assert time.monotonic() - began < 10


async def test_the_keeper_pays_little_for_the_guard(guarded: KeeperProcess, folder: Path) -> None:
    run = await start(guarded, folder, "time.sleep(30)\n")
    await guarded.until(lambda: run.start is not None if run.of_type("start") else False)
    keeper = psutil.Process(guarded.pid)
    before, began = keeper.cpu_times(), time.monotonic()
    await asyncio.sleep(4)
    after = keeper.cpu_times()
    share = (after.user + after.system - before.user - before.system) / (time.monotonic() - began)
    print(f"the keeper of one idle run uses {share:.2%} of a CPU")
    assert share < 0.05
    await guarded.tell(messages.Stop(run.id, 0))
    await guarded.end_of(run, "stopped")
