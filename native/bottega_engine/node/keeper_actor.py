"""The Ray actor that puts a keeper on a node. It only starts the process and waits: the keeper itself knows no Ray."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ray


class Keeping:
    def run(self, settings: bytes) -> int:
        """The exit code of the keeper, once it ends. `settings` is a KeeperSettings in JSON."""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        # Ray hides the GPUs from an actor that asked for none; the runs ask for their own seats.
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "bottega_engine.node.keeper"], stdin=subprocess.PIPE, env=environment
        )
        assert process.stdin is not None
        process.stdin.write(settings + b"\n")
        process.stdin.flush()
        return process.wait()


KeeperActor: Any = ray.remote(num_cpus=0, max_restarts=0)(Keeping)
