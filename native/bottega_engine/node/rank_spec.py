"""What one rank of one run needs to know; travels from the keeper through the zygote into the forked process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec


class RankSpec(msgspec.Struct, frozen=True):
    """`environment` has everything torchrun would set. `sent_ms`: when the engine asked for the run (Unix epoch).

    `overlay` is a folder of packages that goes before all others; empty for none. `base_key`: the base model that the rank
    may find in its memory; empty for none.
    """

    run_id: str
    config: dict[str, Any]
    rank: int
    world_size: int
    threads: int
    work_dir: str
    output_dir: str
    runs_dir: str
    environment: dict[str, str]
    sent_ms: float
    overlay: str = ""
    base_key: str = ""

    @property
    def work(self) -> Path:
        return Path(self.work_dir)


def encode(spec: RankSpec) -> bytes:
    return msgspec.json.encode(spec)


def decode(data: bytes) -> RankSpec:
    return msgspec.json.decode(data, type=RankSpec)
