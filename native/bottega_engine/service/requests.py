"""Bodies of requests, checked before anything is done with them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from bottega_engine.service.errors import EngineError
from bottega_engine.store.tree import InvalidTree, check_tree
from bottega_schema.validate import check, schemas, with_defaults

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{5,63}")
Body = TypeVar("Body")


class StartedPhase(msgspec.Struct):
    name: Literal["sync", "seats", "fork", "imports", "model", "data", "first_step"]
    started: float
    duration_ms: float


class SubmitBody(msgspec.Struct):
    name: str
    config: dict[str, Any]
    tree: dict[str, Any]
    phases: list[StartedPhase]


class MissingBody(msgspec.Struct):
    blobs: list[str]


class StopBody(msgspec.Struct):
    grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0


class ProfileBody(msgspec.Struct):
    steps: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5


class ChangeBody(msgspec.Struct):
    values: Annotated[dict[str, Any], msgspec.Meta(min_length=1)]


class StreamBody(msgspec.Struct):
    type: Literal["follow", "unfollow"]
    run: str
    start: Annotated[int, msgspec.Meta(ge=1)] = msgspec.field(name="from", default=1)


def parse(data: bytes | str, kind: type[Body]) -> Body:
    """Raises invalid_request with the place of the first mistake."""
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise EngineError("invalid_request", f"The request does not have the right form: {error}.") from error


def run_id_of(text: str) -> str:
    if not RUN_ID.fullmatch(text):
        raise EngineError("invalid_request", "A run id has 6 to 64 lowercase letters, digits and dashes.")
    return text


def submit_of(data: bytes) -> dict[str, Any]:
    """An EngineSubmit with every default filled in."""
    body = parse(data, SubmitBody)
    config = checked_config(body.config)
    try:
        check_tree(body.tree)
    except (InvalidTree, KeyError, TypeError) as error:
        raise EngineError("invalid_request", f"The tree is not right: {error}") from error
    return {
        "name": body.name,
        "config": config,
        "tree": body.tree,
        "phases": msgspec.to_builtins(body.phases),
    }


def checked_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config with every default filled in. Raises invalid_config with every problem, as the editor says it."""
    kinds = schemas("run-config")
    schema = kinds.get(str(config.get("kind")))
    defaults = with_defaults(schema, {}) if schema else {}
    # The agent has filled the defaults in; a rule about keys that exclude each other means what a person wrote.
    written = {key: value for key, value in config.items() if key not in defaults or value != defaults[key]}
    whole, problems = check(written, [], "kind", kinds)
    if whole is None:
        said = [{"path": problem.path, "message": problem.message} for problem in problems]
        raise EngineError("invalid_config", "The engine does not accept this config.", problems=said)
    return whole


def blobs_of(tree: dict[str, Any]) -> list[str]:
    return sorted({entry["blob"] for entry in tree["entries"] if entry["type"] == "file"})
