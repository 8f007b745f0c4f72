"""Checks changes of live fields before a run is told of them."""

from __future__ import annotations

import difflib
import json
from typing import Any

from bottega_engine.live_config import changed, live_keys
from bottega_engine.service.errors import EngineError
from bottega_engine.service.requests import checked_config
from bottega_engine.service.run import Run

MOST_BYTES = 16 * 1024
"""What a rank is told goes through a pipe that nobody may fill up."""


def check_change(run: Run, values: dict[str, Any]) -> None:
    """Raises EngineError when the run cannot take these values now."""
    if run.kind != "finetune":
        raise EngineError("conflict", "A script has no live fields.", "Stop the run and start an edited one.")
    if run.has_ended:
        raise EngineError("conflict", "The run is over.", "Branch from one of its checkpoints.")
    known = live_keys(run.kind)
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Live are {', '.join(known)}."
            raise EngineError("invalid_request", f"{key} cannot be changed while the run goes on.", hint)
    if len(json.dumps(values)) > MOST_BYTES:
        raise EngineError("invalid_request", f"A change may be as large as {MOST_BYTES // 1024} KiB.")
    checked_config(changed(run.config, values)[0])
