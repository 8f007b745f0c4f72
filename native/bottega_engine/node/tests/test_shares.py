"""What each rank is told about the CPUs and GPUs that are its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from bottega_engine.node.launch import Launch
from bottega_engine.node.rank import share_gpu
from bottega_engine.node.rank_environment import THREADS, rank_specs
from bottega_engine.node.tests.keeper_process import KeeperProcess
from bottega_schema.validate import schemas, with_defaults

SCRIPT = schemas("run-config")["script"]


def config_of(**resources: Any) -> dict[str, Any]:
    return dict(with_defaults(SCRIPT, {"kind": "script", "command": "run.py", "resources": resources}))


def visible(gpus: list[list[str]], gpus_per_rank: float) -> list[str]:
    config = config_of(ranks=len(gpus), gpus_per_rank=gpus_per_rank)
    specs = rank_specs(Launch("run-one", config, {}, gpus, "", 0.0), Path("work"), Path("runs"))
    return [spec.environment["CUDA_VISIBLE_DEVICES"] for spec in specs]


def test_the_device_numbered_local_rank_is_the_ranks_own() -> None:
    assert visible([["3"], ["1"]], 1) == ["3,1", "3,1"]
    assert visible([["0", "1"], ["2", "3"]], 2) == ["0,2,1,3", "0,2,1,3"]


def test_ranks_that_share_a_device_see_their_own_alone() -> None:
    assert visible([["0"], ["0"], ["1"], ["1"]], 0.5) == ["0", "0", "1", "1"]
    assert visible([["2"]], 0.25) == ["2"]


class Cuda:
    """Records what torch.cuda is asked for, and asks for it when a GPU is first used, as torch does."""

    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.waiting: list[Any] = []

    def _lazy_call(self, call: Any) -> None:
        self.waiting.append(call)

    def set_per_process_memory_fraction(self, fraction: float) -> None:
        self.fractions.append(fraction)


def test_a_part_of_a_gpu_is_a_part_of_its_memory_once_the_gpu_is_used() -> None:
    for share, fractions in ((0.25, [0.25]), (1, []), (0, [])):
        cuda = Cuda()
        share_gpu(share, cuda)
        assert cuda.fractions == []
        for call in cuda.waiting:
            call()
        assert cuda.fractions == fractions
    for name in ("_lazy_call", "set_per_process_memory_fraction"):
        assert callable(getattr(torch.cuda, name))


async def test_each_run_has_its_own_threads(keeper: KeeperProcess, tmp_path: Path) -> None:
    folder = tmp_path / "threads"
    folder.mkdir()
    (folder / "run.py").write_text(
        "import json, os, torch\n"
        "threads = [torch.get_num_threads(), torch.get_num_interop_threads()]\n"
        f"print(json.dumps([*threads, *(int(os.environ[name]) for name in {THREADS!r})]))\n"
    )
    for cpus in (2, 1, 0.5):
        run = await keeper.run(folder, config_of(cpus_per_rank=cpus))
        assert set(json.loads(run.output)) == {max(1, int(cpus))}
