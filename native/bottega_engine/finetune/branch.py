"""A run that begins from a checkpoint with another config: says what is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bottega_engine.finetune.metrics import notice
from bottega_engine.rank_context import RankContext

OWN = ("name", "resume_from_checkpoint", "priority", "start", "lane", "stall_minutes")
"""Keys that say how a run is carried out and not what it learns."""
MOST_CHARACTERS = 80


def say_what_differs(
    config: dict[str, Any], before: dict[str, Any] | None, folder: Path, context: RankContext
) -> None:
    """`before` is the config the checkpoint was saved with; one of an earlier Bottega does not have it."""
    if before is None:
        return
    lines = [
        f"{key}: {_short(old)} -> {_short(new)}"
        for key, old, new in differences(before, config)
        if key.split(".")[0] not in OWN
    ]
    if lines:
        notice(context, "info", f"Goes on from {folder.name} with another config. {'; '.join(lines)}.")


def differences(before: Any, after: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Dotted key, old and new value of everything that differs; None for what is not there."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [(prefix, before, after)]
    keys = [*before, *(key for key in after if key not in before)]
    return [
        difference
        for key in keys
        for difference in differences(before.get(key), after.get(key), f"{prefix}.{key}" if prefix else key)
    ]


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
