"""Records that a person's own script wrote: checked before they become events."""

from __future__ import annotations

from typing import Any

import msgspec

MOST_VALUES = 256


class ScriptMetric(msgspec.Struct):
    time: float
    step: int
    values: dict[str, float | None]


def script_metric(record: dict[str, Any]) -> dict[str, Any] | None:
    """A metric event without its number; None when the record is none."""
    try:
        metric = msgspec.convert(record, ScriptMetric)
    except msgspec.ValidationError:
        return None
    if metric.step < 0 or len(metric.values) > MOST_VALUES:
        return None
    return {"type": "metric", **msgspec.to_builtins(metric)}
