"""What the agent tells the engine when it starts it, in the environment of the Ray job."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`host` is the interface to listen on; empty for the node's own address in the cluster. Port 0 is a free one.

    `resident_memory` is the part of each node's memory that base models may take between runs, `resident_minutes` how
    long one is kept that nobody uses.
    """

    token_sha256: str
    data: Path
    host: str
    port: int
    resident_memory: float = 0.3
    resident_minutes: float = 30.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises SystemExit, with what is wrong, for a number that is none."""
        cluster = environment.get("BOTTEGA_CLUSTER", "default")
        default = Path.home() / ".bottega-engine" / cluster
        return cls(
            token_sha256=environment["BOTTEGA_ENGINE_TOKEN_SHA256"],
            data=Path(environment.get("BOTTEGA_ENGINE_DATA") or default),
            host=environment.get("BOTTEGA_ENGINE_HOST", ""),
            port=int(environment.get("BOTTEGA_ENGINE_PORT") or 0),
            resident_memory=_number(environment, "BOTTEGA_RESIDENT_MEMORY", cls.resident_memory, most=1),
            resident_minutes=_number(environment, "BOTTEGA_RESIDENT_MINUTES", cls.resident_minutes),
        )


def _number(environment: Mapping[str, str], name: str, default: float, most: float = math.inf) -> float:
    if not (text := environment.get(name)):
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or not 0 <= number <= most:
        limit = f"a number from 0 to {most:g}" if most < math.inf else "a number that is not negative"
        raise SystemExit(
            f"{name} is {text}: it must be {limit}. Change it where the agent is started, or take it away."
        )
    return number
