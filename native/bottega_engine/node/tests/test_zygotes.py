"""There is always a zygote to fork from, whatever happens to one, and a start without any when there is none."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bottega_engine.node.tests.conftest import WHO
from bottega_engine.node.tests.keeper_process import KeeperProcess, keeper_process

THREAD_ON_SIGNAL = """
import signal, threading
signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=threading.Event().wait, daemon=True).start())
"""
DIES_IN_A_FORK = """
import os, signal, sys
from pathlib import Path
if "bottega_engine.node.zygote" in sys.orig_argv:
    fork, dead = os.fork, Path(__file__).with_name("dead")
    def fork_once_badly():
        pid = fork()
        if WHO_DIES == ("zygote" if pid else "rank") and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return pid
    os.fork = fork_once_badly
"""
NO_ZYGOTE = """
import sys
if "bottega_engine.node.zygote" in sys.orig_argv:
    sys.exit("no zygote here")
"""
WAITS = WHO + "import time\nfrom pathlib import Path\nwhile not Path('go').exists(): time.sleep(0.02)\n"


def script(command: str = "say.py") -> dict[str, Any]:
    resources = {"ranks": 1, "cpus_per_rank": 1, "gpus_per_rank": 0}
    return {"kind": "script", "command": command, "start": "resident", "resources": resources, "env": {}}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "say.py").write_text(WHO)
    (folder / "wait.py").write_text(WAITS)
    return folder


def at_start_of_python(folder: Path, code: str) -> dict[str, str]:
    """The environment in which every Python runs this code first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[KeeperProcess]:
    environment = at_start_of_python(tmp_path / "site", THREAD_ON_SIGNAL)
    async with keeper_process(tmp_path / "data", environment) as started:
        yield started


async def test_a_zygote_with_a_second_thread_is_renewed_and_its_runs_go_on(
    keeper: KeeperProcess, scripts: Path
) -> None:
    before = await keeper.submit(scripts, script("wait.py"))
    await keeper.until(lambda: "pid" in before.output)
    [old] = keeper.children("bottega-zygote")
    old.send_signal(signal.SIGUSR1)
    await keeper.until(lambda: old.num_threads() == 2)
    run = await keeper.run(scripts, script())
    assert run.level == "forked"
    assert len(keeper.children("bottega-zygote")) == 2, "the old one stays as long as its run"
    (before.folder / "work" / "go").touch()
    await keeper.end_of(before)
    psutil.wait_procs([old], timeout=10)
    [new] = keeper.children("bottega-zygote")
    assert new.pid != old.pid


@pytest.mark.parametrize("who", ["zygote", "rank"])
async def test_a_fork_in_which_somebody_dies_makes_one_rank(tmp_path: Path, scripts: Path, who: str) -> None:
    environment = at_start_of_python(tmp_path / "site", f"WHO_DIES = {who!r}\n{DIES_IN_A_FORK}")
    (scripts / "count.py").write_text(
        WHO + f"import time\ntime.sleep(0.3)\nopen({str(tmp_path / 'ran')!r}, 'a').write('once\\n')\n"
    )
    async with keeper_process(tmp_path / "data", environment) as keeper:
        run = await keeper.run(scripts, script("count.py"))
        assert (tmp_path / "site" / "dead").exists()
        assert run.output == f"pid {run.rank_pid}\n"
        assert (tmp_path / "ran").read_text() == "once\n"
        assert (await keeper.run(scripts, script())).level == "forked"


async def test_a_zygote_that_hangs_is_replaced_and_the_run_starts_from_the_next(
    keeper: KeeperProcess, scripts: Path
) -> None:
    [old] = keeper.children("bottega-zygote")
    old.suspend()
    run = await keeper.run(scripts, script())
    assert run.level == "forked"
    assert [new.pid for new in keeper.children("bottega-zygote")] != [old.pid]
    assert not old.is_running()


async def test_without_a_zygote_a_run_starts_cold_and_says_why(tmp_path: Path, scripts: Path) -> None:
    environment = at_start_of_python(tmp_path / "site", NO_ZYGOTE)
    async with keeper_process(tmp_path / "data", environment, zygote="failed") as keeper:
        run = await keeper.run(scripts, script())
        assert run.level == "cold"
        assert run.start["reason"] == (
            "There is no process with the libraries in memory. "
            "The zygote ended with code 1 before it was ready."
        )
