"""What ranks say, checked before it becomes events: a script can write anything to its record descriptor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bottega_engine.node.keeper_record import KEEPER

MOST_VALUES = 256
MOST_CHARACTERS = 64 * 1024


class _Record(msgspec.Struct, tag_field="type", omit_defaults=True, kw_only=True):
    time: float | msgspec.UnsetType = msgspec.UNSET


class Phase(_Record, tag="phase"):
    name: Literal["fork", "imports", "model", "data", "first_step"]
    started: float
    duration_ms: float


class Running(_Record, tag="status"):
    state: Literal["running"]
    reason: str
    max_steps: int | None = None


class Output(_Record, tag="output"):
    rank: int
    stream: Literal["stdout", "stderr"]
    text: str


class Metric(_Record, tag="metric"):
    step: int
    values: dict[str, float | None]


class Checkpoint(_Record, tag="checkpoint"):
    step: int
    path: str
    size_bytes: int
    final: bool


class Trace(_Record, tag="trace"):
    name: str
    rank: int
    first_step: int
    last_step: int
    path: str
    size_bytes: int


class Artifact(_Record, tag="artifact"):
    kind: Literal["sample", "table", "file"]
    name: str
    step: int | None = None
    text: str | None = None
    path: str | None = None
    size_bytes: int | None = None


class Notice(_Record, tag="notice"):
    level: Literal["info", "warning", "error"]
    message: str
    details: str | None = None


class Module(msgspec.Struct):
    path: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Modules(_Record, tag="modules"):
    """Of rank 0."""

    modules: Annotated[list[Module], msgspec.Meta(min_length=1, max_length=1000)]


class Change(_Record, tag="change"):
    """Of rank 0."""

    step: Annotated[int, msgspec.Meta(ge=1)]
    values: dict[str, Any]
    before: dict[str, Any]


class KeeperPhase(_Record, tag="phase"):
    name: Literal["environment", "base"]
    started: float
    duration_ms: float


class Start(_Record, tag="start"):
    level: Literal["cold", "forked", "resident"]
    reason: str


class Waiting(_Record, tag="waiting"):
    """What a run waits for before its ranks are there; empty when it goes on."""

    reason: str


RankRecord = Phase | Running | Output | Metric | Checkpoint | Trace | Artifact | Notice | Modules | Change
KeeperRecord = KeeperPhase | Start | Waiting | Notice
Record = RankRecord | KeeperRecord


def record_of(said: dict[str, Any]) -> Record | None:
    """None for what is no record. `rank` says who wrote it; what the keeper writes, no rank can."""
    try:
        record: Record = msgspec.convert(said, KeeperRecord if said["rank"] == KEEPER else RankRecord)
    except msgspec.ValidationError:
        return None
    match record:
        case Metric() if record.step < 0 or len(record.values) > MOST_VALUES:
            return None
        case Modules() | Change() if said["rank"] != 0:
            return None
        case Artifact() if record.text is not None and len(record.text) > MOST_CHARACTERS:
            record.text = record.text[:MOST_CHARACTERS] + "…"
        case Notice():
            record.message = record.message[:MOST_CHARACTERS]
    return record


def event_of(record: Record) -> dict[str, Any]:
    """The event without its number."""
    event: dict[str, Any] = msgspec.to_builtins(record)
    return event
