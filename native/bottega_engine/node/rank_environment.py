"""What each rank of a run is told: its place among the others, and the environment that torchrun would give it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from bottega_engine.environments import Overlay
from bottega_engine.node.launch import Launch
from bottega_engine.node.rank_spec import RankSpec

THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    # tokenizers, polars and everything else in Rust
    "RAYON_NUM_THREADS",
)
"""Each kind of library asks its own variable how many threads it may have."""


def rank_specs(
    launch: Launch, work_dir: Path, runs_dir: Path, overlay: Overlay | None = None
) -> list[RankSpec]:
    """All ranks run on this node, in `work_dir`; their output goes to the run's folder in `runs_dir`."""
    resources = launch.config["resources"]
    ranks: int = resources["ranks"]
    output = str(runs_dir / launch.run_id / "output")
    common: dict[str, Any] = {
        "BOTTEGA_RUN_ID": launch.run_id,
        "BOTTEGA_OUTPUT_DIR": output,
        "WORLD_SIZE": str(ranks),
        "LOCAL_WORLD_SIZE": str(ranks),
        "GROUP_RANK": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        **({"RAY_ADDRESS": launch.ray_address} if launch.ray_address else {}),
        # `python` in a command is the one that has the libraries.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    variables: dict[str, str] = {**common, **launch.config["env"]}
    if overlay is not None:
        variables |= overlay.environment({**os.environ, **variables})
    threads = max(1, int(resources["cpus_per_rank"]))
    specs = []
    for rank in range(ranks):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), **dict.fromkeys(THREADS, str(threads))}
        if launch.gpus:
            own["CUDA_VISIBLE_DEVICES"] = ",".join(visible_gpus(launch.gpus, rank))
        elif resources["gpus_per_rank"] == 0:
            own["CUDA_VISIBLE_DEVICES"] = ""
        specs.append(
            RankSpec(
                run_id=launch.run_id,
                config=launch.config,
                rank=rank,
                world_size=ranks,
                threads=threads,
                work_dir=str(work_dir),
                output_dir=output,
                runs_dir=str(runs_dir),
                environment={**variables, **own},
                sent_ms=launch.sent_ms,
                overlay=str(overlay.site) if overlay else "",
            )
        )
    return specs


def visible_gpus(gpus: list[list[str]], rank: int) -> list[str]:
    """The devices one rank sees, of those that each rank of the run has.

    As under torchrun it sees those of all, and the one numbered LOCAL_RANK is its own: the first of each rank come
    first. Ranks that share a device could not be numbered so: each sees its own alone.
    """
    if len(set(map(tuple, gpus))) < len(gpus):
        return gpus[rank]
    return [own[0] for own in gpus] + [other for own in gpus for other in own[1:]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
