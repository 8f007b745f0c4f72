"""What the keeper itself writes into the log of a run, beside what the ranks say."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

KEEPER = -1
"""The `rank` of a record that the keeper itself writes: no rank can use it."""

Say = Callable[[dict[str, Any]], Awaitable[None]]
"""Takes a record that the keeper itself writes into the log of a run."""


def waiting(reason: str) -> dict[str, Any]:
    """What the run waits for; empty when it goes on."""
    return {"type": "waiting", "reason": reason}


def phase(name: str, began: float) -> dict[str, Any]:
    """A phase that ends now; `began` in seconds of the Unix epoch."""
    duration_ms = (time.time() - began) * 1000
    return {"type": "phase", "name": name, "started": began * 1000, "duration_ms": duration_ms}
