"""What the keeper asks of a rank, over a pipe: `stop`, `profile <steps>`, `change <JSON>`.

The end of the pipe means that the keeper is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections import deque
from typing import Any


class ControlPipe:
    """The rank's side; a `Control` for the training function."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._stop = threading.Event()
        self._profile: int | None = None
        self._changes: deque[dict[str, Any]] = deque()

    def watch(self) -> None:
        threading.Thread(target=self._listen, name="bottega-control", daemon=True).start()

    def stop_requested(self) -> bool:
        return self._stop.is_set()

    def profile_request(self) -> int | None:
        steps, self._profile = self._profile, None
        return steps

    def changes(self) -> list[dict[str, Any]]:
        return [self._changes.popleft() for _ in range(len(self._changes))]

    def _listen(self) -> None:
        with os.fdopen(self._descriptor, "r", encoding="ascii") as lines:
            for line in lines:
                command, _, argument = line.strip().partition(" ")
                if command == "profile":
                    self._profile = int(argument)
                elif command == "change":
                    self._changes.append(json.loads(argument))
                elif command == "stop":
                    self._stop.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(os.getpid(), signal.SIGKILL)
