"""One engine for each data folder: two would write the same event logs."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

WAIT_S = 20.0
"""An engine that is being replaced needs a moment to end."""


class DataInUse(Exception):
    pass


def lock_data(folder: Path) -> int:
    """Locks the folder until this process ends. Raises DataInUse."""
    descriptor = os.open(folder / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise DataInUse(f"Another engine uses {folder}.") from None
            time.sleep(0.1)
