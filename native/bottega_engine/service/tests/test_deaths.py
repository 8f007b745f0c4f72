"""However a run dies, it says why, leaves nothing behind and hurts no other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from bottega_engine.service.tests.conftest import finetune_config, script_config
from bottega_engine.service.tests.engine_process import (
    EngineClient,
    EngineProcess,
    metric,
    of_type,
    output_of,
    tail,
    zygote_of,
)


@pytest.fixture
async def bystander(client: EngineClient, tmp_path: Path) -> AsyncIterator[None]:
    """Another run that goes on all the while, and must not notice."""
    folder = tmp_path / "bystander"
    folder.mkdir()
    (folder / "wait.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(1000)\n")
    run_id = await client.submit(folder, script_config("wait.py", resources={"cpus_per_rank": 0.1}))
    await client.wait_for(run_id, lambda event: event["type"] == "output")
    yield
    _, state = await client.ask("GET", f"/v1/runs/{run_id}")
    assert state["state"] == "running"
    await client.ask("POST", f"/v1/runs/{run_id}/stop", {"grace_seconds": 5})
    assert (await client.end_of(run_id))[-1]["state"] == "stopped"


DEATHS = [
    ("raise ValueError('no such thing')", 1, "ValueError: no such thing (dies.py line 2)"),
    ("import not_there", 1, "ModuleNotFoundError: No module named 'not_there' (dies.py line 2)"),
    ("import broken", 1, "SyntaxError: '(' was never closed (broken.py, line 1)"),
    ("sys.exit('the data is gone')", 1, "the data is gone"),
    ("sys.exit(7)", 7, "rank 0 ended with exit code 7"),
    ("os._exit(9)", 9, "rank 0 ended with exit code 9"),
    ("import ctypes; ctypes.string_at(0)", None, "rank 0 was killed by SIGSEGV"),
    ("os.abort()", None, "rank 0 was killed by SIGABRT"),
    ("os.kill(os.getpid(), 9)", None, "rank 0 was killed by SIGKILL"),
]


@pytest.mark.parametrize(("code", "exit_code", "reason"), DEATHS, ids=[death[0][:20] for death in DEATHS])
async def test_a_script_that_dies_says_why(
    client: EngineClient, folder: Path, bystander: None, code: str, exit_code: int | None, reason: str
) -> None:
    (folder / "broken.py").write_text("print(")
    (folder / "dies.py").write_text(f"import os, sys\n{code}\n")
    events = await client.run(folder, script_config("dies.py"))
    end = events[-1]
    assert (end["state"], end.get("exit_code"), end["reason"]) == ("failed", exit_code, reason), tail(events)
    if ": " in reason:
        assert "Traceback" in output_of(events) and "bottega_engine" not in output_of(events)


async def test_a_training_function_that_fails_in_a_hook_names_the_line(
    client: EngineClient, project: Path, bystander: None
) -> None:
    (project / "hooks.py").write_text("def loss(model, batch):\n    raise KeyError('labels_of_mine')\n")
    events = await client.run(project, finetune_config(loss="hooks:loss"))
    assert events[-1]["reason"] == "KeyError: 'labels_of_mine' (hooks.py line 2)"
    (project / "hooks.py").write_text("import nothing_like_it\n")
    events = await client.run(project, finetune_config(loss="hooks:loss"))
    assert events[-1]["reason"] == "loss: hooks imports nothing_like_it, which is not there."
    events = await client.run(project, finetune_config(model="models/tinny"))
    assert "Did you mean models/tiny?" in events[-1]["reason"]


async def test_one_rank_that_dies_ends_the_others(
    client: EngineClient, folder: Path, bystander: None
) -> None:
    (folder / "train.py").write_text(
        "import os, time\nprint('up', flush=True)\n"
        "if os.environ['RANK'] == '1': raise RuntimeError('rank one is ill')\n"
        "time.sleep(1000)\n"
    )
    resources = {"ranks": 2, "cpus_per_rank": 0.5}
    events = await client.run(folder, script_config("train.py", resources=resources))
    assert events[-1]["reason"] == "rank 1: RuntimeError: rank one is ill (train.py line 3)"


async def test_stop_asks_then_kills_everything_the_run_started(
    client: EngineClient, folder: Path, bystander: None
) -> None:
    """A child in its own session, one left behind by a double fork, and a script that ignores SIGTERM."""
    (folder / "stubborn.py").write_text(
        "import os, signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pids = [subprocess.Popen(['sleep', '1000'], start_new_session=True).pid]\n"
        "r, w = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.write(w, str(os.getpid()).encode())\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "pids.append(int(os.read(r, 20)))\n"
        "print(os.getpid(), *pids, flush=True)\n"
        "time.sleep(1000)\n"
    )
    run_id = await client.submit(folder, script_config("stubborn.py", resources={"cpus_per_rank": 0.5}))
    events = await client.wait_for(run_id, lambda event: event["type"] == "output")
    pids = [int(pid) for pid in output_of(events).split()]
    assert all(psutil.pid_exists(pid) for pid in pids)
    await client.ask("POST", f"/v1/runs/{run_id}/stop", {"grace_seconds": 0.5})
    events = await client.end_of(run_id)
    assert events[-1]["reason"] == "did not end when it was asked to, and was killed"
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_what_a_script_leaves_behind_ends_with_it(client: EngineClient, folder: Path) -> None:
    (folder / "leaves.py").write_text(
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        print(os.getpid(), flush=True)\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "os.wait(); time.sleep(0.3)\n"
    )
    events = await client.run(folder, script_config("leaves.py"))
    assert events[-1]["state"] == "done"
    assert not psutil.pid_exists(int(output_of(events)))


async def test_a_script_that_ends_well_on_sigterm_is_stopped(client: EngineClient, folder: Path) -> None:
    (folder / "polite.py").write_text(
        "import os, signal, sys, time\n"
        # Not print: the signal may come while the line below is still being printed.
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'saving\\n'), sys.exit(0)))\n"
        "print('up', flush=True)\ntime.sleep(1000)\n"
    )
    for command in ("polite.py", ["sh", "-c", "exec python polite.py"]):
        run_id = await client.submit(folder, script_config(command))
        await client.wait_for(run_id, lambda event: event["type"] == "output")
        await client.ask("POST", f"/v1/runs/{run_id}/stop", {"grace_seconds": 20})
        events = await client.end_of(run_id)
        assert (events[-1]["state"], output_of(events)) == ("stopped", "up\nsaving\n")


async def test_nonsense_in_the_record_descriptor_hurts_nobody(
    client: EngineClient, folder: Path, bystander: None
) -> None:
    (folder / "nonsense.py").write_text(
        "import os\n"
        "fd = int(os.environ['BOTTEGA_RECORD_FD'])\n"
        "for line in ['{', '[]', '7', '{\"type\": \"phase\"}', '{\"type\": \"end\"}', '{\"type\": 3}',\n"
        '    \'{"type": "status", "state": "done", "reason": ""}\', \'\\xff\', \'x\' * 3_000_000,\n'
        '    \'{"type": "metric", "step": -1, "values": {}}\', \'{"type": "metric", "values": 1}\',\n'
        '    \'{"type": "start", "level": "resident", "reason": "", "rank": -1}\', \'{"type": "base_damaged"}\']:\n'
        "    os.write(fd, line.encode('latin-1') + b'\\n')\n"
        "import bottega_engine\n"
        "bottega_engine.report({'loss': 1})\n"
    )
    events = await client.run(folder, script_config("nonsense.py"))
    assert events[-1]["state"] == "done", tail(events)
    assert metric(events, "loss") == [1]
    assert {event["type"] for event in events} == {"phase", "status", "metric", "start", "modules"}
    assert [event["level"] for event in of_type(events, "start")] == ["forked"], "only the keeper says it"


@pytest.fixture
def small_memory() -> Iterator[Path]:
    group = Path(f"/sys/fs/cgroup/memory/bottega-test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(300 * 1024 * 1024))
    except OSError:
        pytest.skip("limiting memory needs root and a memory cgroup (v1)")
    yield group
    group.rmdir()


async def test_a_rank_that_the_kernel_kills_for_memory_says_so(
    client: EngineClient, folder: Path, bystander: None, small_memory: Path
) -> None:
    (folder / "eats.py").write_text(
        f"import os\nopen('{small_memory}/cgroup.procs', 'w').write(str(os.getpid()))\n"
        "data = bytearray(1)\nwhile True: data += bytes(range(256)) * 400_000\n"
    )
    events = await client.run(folder, script_config("eats.py"))
    assert events[-1]["reason"].startswith("rank 0 was killed because the node ran out of memory."), tail(
        events
    )


async def test_a_killed_zygote_is_renewed_and_its_runs_go_on(
    client: EngineClient, engine: EngineProcess, folder: Path
) -> None:
    (folder / "counts.py").write_text(
        "import time\nfor number in range(10000):\n    print(number, flush=True)\n    time.sleep(0.05)\n"
        "    if number == 100: raise SystemExit(5)\n"
    )
    run_id = await client.submit(folder, script_config("counts.py"))
    await client.wait_for(run_id, lambda event: event["type"] == "output")
    zygote_of(engine).kill()
    (folder / "next.py").write_text("print('next')\n")
    following = asyncio.create_task(client.run(folder, script_config("next.py")))
    events = await client.end_of(run_id)
    assert (events[-1]["state"], events[-1]["exit_code"]) == ("failed", 5), tail(events)
    assert output_of(events) == "".join(f"{number}\n" for number in range(101))
    then = await following
    assert output_of(then) == "next\n", tail(then)
