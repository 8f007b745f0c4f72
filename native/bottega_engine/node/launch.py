"""What the engine and the keepers say to each other, over one WebSocket for each node, in MessagePack."""

from __future__ import annotations

from typing import Any

import msgspec


class Launch(msgspec.Struct, frozen=True, tag="launch"):
    """Run it. `gpus` has the device ids of each rank; `sent_ms` is when the seats were given (Unix epoch)."""

    run_id: str
    config: dict[str, Any]
    tree: dict[str, Any]
    gpus: list[list[str]]
    ray_address: str
    sent_ms: float


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    run_id: str
    grace_seconds: float


class Profile(msgspec.Struct, frozen=True, tag="profile"):
    run_id: str
    steps: int


class Change(msgspec.Struct, frozen=True, tag="change"):
    """Live fields by dotted key; None takes one away."""

    run_id: str
    values: dict[str, Any]


class DropTemplate(msgspec.Struct, frozen=True, tag="drop_template"):
    key: str


ToKeeper = Launch | Stop | Profile | Change | DropTemplate


class ZygoteState(msgspec.Struct, frozen=True, tag="zygote"):
    """starting, ready or failed."""

    state: str


class Records(msgspec.Struct, frozen=True, tag="records"):
    """What one rank wrote, in order."""

    run_id: str
    records: list[dict[str, Any]]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The last message about a run."""

    run_id: str
    state: str
    reason: str
    exit_code: int | None


class Memory(msgspec.Struct, frozen=True, tag="memory"):
    total_bytes: int
    used_bytes: int


class TemplateState(msgspec.Struct, frozen=True):
    """A base model in memory. `last_used` in milliseconds of the Unix epoch."""

    key: str
    label: str
    size_bytes: int
    last_used: float
    is_needed: bool


class Templates(msgspec.Struct, frozen=True, tag="templates"):
    """All that the node has in memory now."""

    templates: list[TemplateState]


FromKeeper = ZygoteState | Records | Ended | Memory | Templates

encode = msgspec.msgpack.encode
decode_to_keeper = msgspec.msgpack.Decoder(ToKeeper).decode
decode_from_keeper = msgspec.msgpack.Decoder(FromKeeper).decode
