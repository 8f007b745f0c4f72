"""A person's own training script, unchanged, as a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bottega_engine.service.tests.conftest import script_config
from bottega_engine.service.tests.engine_process import (
    EngineClient,
    metric,
    of_type,
    output_of,
    states_of,
    tail,
)

TRAIN = """
import argparse, os, sys
import torch, torch.distributed as dist
import transformers
import bottega_engine
from helper import STEPS

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
args = parser.parse_args()
dist.init_process_group("gloo")
total = torch.tensor([float(os.environ["RANK"]) + 1])
dist.all_reduce(total)
print("rank", dist.get_rank(), "of", dist.get_world_size(), "sum", total.item(), "lr", args.lr)
print(__name__, sys.argv[0], os.path.basename(os.getcwd()), torch.get_num_threads())
if dist.get_rank() == 0:
    for step in range(STEPS):
        bottega_engine.report({"loss": 1 / (step + 1), "odd": float("nan")}, step=step)
dist.destroy_process_group()
"""

REPORT = """
import bottega_engine
bottega_engine.report({"loss": 2.5})
bottega_engine.report({"loss": 1.5})
"""


async def test_two_ranks_meet_as_under_torchrun_and_report(client: EngineClient, folder: Path) -> None:
    (folder / "train.py").write_text(TRAIN)
    (folder / "helper.py").write_text("STEPS = 3\n")
    events = await client.run(folder, script_config("train.py --lr 0.5", resources={"ranks": 2}))
    assert events[-1]["state"] == "done", tail(events)
    for rank in (0, 1):
        assert f"rank {rank} of 2 sum 3.0 lr 0.5\n__main__ " in output_of(events, rank)
        assert output_of(events, rank).endswith("train.py work 1\n")
    assert metric(events, "loss") == [1, 0.5, 1 / 3]
    assert metric(events, "odd") == [None, None, None]
    assert states_of(events) == ["pending", "starting", "running", "done"]


@pytest.mark.parametrize(
    "command",
    [
        "report.py",
        "python report.py",
        "python3 -m report",
        "python -u report.py",
        ["sh", "-c", "exec python report.py"],
    ],
    ids=lambda command: command if isinstance(command, str) else "sh",
)
async def test_numbers_come_from_forks_and_from_spawned_commands(
    client: EngineClient, folder: Path, command: str | list[str]
) -> None:
    (folder / "report.py").write_text(REPORT)
    events = await client.run(folder, script_config(command))
    assert events[-1]["state"] == "done", tail(events)
    assert [(event["step"], event["values"]) for event in of_type(events, "metric")] == [
        (1, {"loss": 2.5}),
        (2, {"loss": 1.5}),
    ]


async def test_output_comes_line_by_line_at_once_and_keeps_every_byte(
    client: EngineClient, folder: Path
) -> None:
    (folder / "talk.py").write_text(
        "import os, sys, time\n"
        "print('first')\n"
        "sys.stdout.write('no end yet'); sys.stdout.flush(); time.sleep(0.4); print(', now')\n"
        "os.write(1, b'caf\\xc3\\xa9 \\xff\\n'); os.write(2, b'to stderr\\n')\n"
        "sys.stdout.write('x' * 200_000 + '\\n')\n"
    )
    events = await client.run(folder, script_config("talk.py"))
    assert events[-1]["state"] == "done", tail(events)
    stdout = [event["text"] for event in of_type(events, "output") if event["stream"] == "stdout"]
    assert stdout[:2] == ["first\n", "no end yet"]
    assert "".join(stdout[2:]) == ", now\ncafé \ufffd\n" + "x" * 200_000 + "\n"
    assert all(len(text.encode()) <= 64 * 1024 for text in stdout)
    assert [event["text"] for event in of_type(events, "output") if event["stream"] == "stderr"] == [
        "to stderr\n"
    ]


async def test_a_script_ends_as_it_would_alone(client: EngineClient, folder: Path) -> None:
    (folder / "late.py").write_text(
        "import atexit, threading, time\n"
        "atexit.register(print, 'from atexit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.3), print('from a thread'))).start()\n"
        "print('end of main')\n"
    )
    events = await client.run(folder, script_config("late.py"))
    assert output_of(events) == "end of main\nfrom a thread\nfrom atexit\n"


async def test_worker_processes_by_fork_and_by_spawn_find_the_script(
    client: EngineClient, folder: Path
) -> None:
    (folder / "workers.py").write_text(
        "import multiprocessing, sys\n"
        "import torch\n"
        "from torch.utils.data import DataLoader\n"
        "def square(x): return x * x\n"
        "class Numbers(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 8\n"
        "    def __getitem__(self, i): return torch.ones(64, 64).mm(torch.ones(64, 64))[0, 0] * i\n"
        "if __name__ == '__main__':\n"
        "    for way in ('fork', 'spawn'):\n"
        "        with multiprocessing.get_context(way).Pool(2) as pool:\n"
        "            print(way, pool.map(square, [1, 2, 3]))\n"
        "    print(sum(float(batch.sum()) for batch in DataLoader(Numbers(), 2, num_workers=2)))\n"
    )
    events = await client.run(folder, script_config("workers.py", resources={"cpus_per_rank": 2}))
    assert output_of(events) == "fork [1, 4, 9]\nspawn [1, 4, 9]\n1792.0\n", tail(events)


async def test_environment_variables_reach_every_kind_of_command(client: EngineClient, folder: Path) -> None:
    code = (
        "import os, json; print(json.dumps({k: os.environ.get(k) for k in ('COLOUR', 'RANK', 'WORLD_SIZE')}))"
    )
    (folder / "env.py").write_text(code)
    for command in ("env.py", ["python3", "-c", code]):
        events = await client.run(folder, script_config(command, env={"COLOUR": "green", "RANK": "7"}))
        assert json.loads(output_of(events)) == {"COLOUR": "green", "RANK": "0", "WORLD_SIZE": "1"}


async def test_a_script_reaches_its_ray_cluster(client: EngineClient, folder: Path) -> None:
    (folder / "on_ray.py").write_text(
        "import ray\n"
        "ray.init(log_to_driver=False)\n"
        "@ray.remote(num_cpus=0)\n"
        "def double(x): return 2 * x\n"
        "print('answer', ray.get(double.remote(21)))\n"
    )
    events = await client.run(folder, script_config("on_ray.py"))
    assert "answer 42" in output_of(events), tail(events)


async def test_a_spawned_shell_pipeline_runs_with_its_files(client: EngineClient, folder: Path) -> None:
    (folder / "words.txt").write_text("b\na\n")
    events = await client.run(
        folder, script_config(["sh", "-c", "sort words.txt | tr -d '\\n'; echo; exit 3"])
    )
    assert output_of(events) == "ab\n"
    assert (events[-1]["state"], events[-1]["exit_code"]) == ("failed", 3)
    assert events[-1]["reason"] == "rank 0 ended with exit code 3"
