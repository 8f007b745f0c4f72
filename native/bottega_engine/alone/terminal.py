"""Events of a run as a person reads them in a terminal: what the run prints on stdout, the rest on stderr."""

from __future__ import annotations

import sys

from bottega_engine.eventlog import Event


def show(event: Event, kind: str) -> None:
    if event["type"] == "output":
        stream = sys.stdout if event["stream"] == "stdout" else sys.stderr
        stream.write(event["text"])
        stream.flush()
    elif (line := line_of(event, kind)) is not None:
        print(line, file=sys.stderr, flush=True)


def line_of(event: Event, kind: str) -> str | None:
    """One line for an event that is no output; None when it says nothing to a person at a terminal."""
    match event["type"]:
        case "phase":
            return f"{event['name']} {event['duration_ms'] / 1000:.2f} s"
        case "status" if event["state"] in ("done", "failed", "stopped"):
            return f"{event['state']}: {event['reason']}" if event["reason"] else str(event["state"])
        # A fine-tuning run prints its own numbers.
        case "metric" if kind == "script":
            numbers = "  ".join(f"{name} {_number(value)}" for name, value in event["values"].items())
            return f"step {event['step']}  {numbers}"
        case "checkpoint" | "trace":
            return f"{event['type']} {event['path']} ({event['size_bytes'] / 1e6:.1f} MB)"
        case "artifact" if event.get("text"):
            return f"{event['name']}: {event['text']}"
        case "notice":
            return f"{event['level']}: {event['message']}"
        case _:
            return None


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.6g}"
