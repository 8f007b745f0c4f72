"""What a person's own script can tell the run it is part of. Imports nothing heavy: it loads in every script."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping

RECORD_FD = "BOTTEGA_RECORD_FD"

_last_step = 0


def report(values: Mapping[str, float], step: int | None = None) -> None:
    """Adds numbers of one step to the run's curves; NaN and infinities are kept as gaps.

    `step` counts from 0; without it each call is the next step. Outside a run the numbers are printed instead.
    """
    global _last_step
    _last_step = _last_step + 1 if step is None else int(step)
    numbers = {str(name): float(value) for name, value in values.items()}
    emit_record({"type": "metric", "step": _last_step, "values": {n: finite(v) for n, v in numbers.items()}})


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def emit_record(record: Mapping[str, object]) -> None:
    """Writes one event record, without its `seq`, to the engine. One write per line: lines of threads never mix."""
    line = json.dumps({"time": time.time() * 1000, **record}, allow_nan=False)
    descriptor = os.environ.get(RECORD_FD)
    if descriptor is None:
        print(line, flush=True)
        return
    rest = memoryview(line.encode() + b"\n")
    while rest:
        rest = rest[os.write(int(descriptor), rest) :]
