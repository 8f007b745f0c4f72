"""Bodies of requests, checked before anything is done with them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar

import msgspec
from jsonschema import Draft7Validator

from bottega_engine.service.errors import EngineError
from bottega_engine.store.tree import InvalidTree, check_tree
from bottega_schema.validate import schemas, with_defaults

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{5,63}")
Body = TypeVar("Body")


class SubmitBody(msgspec.Struct):
    name: str
    config: dict[str, Any]
    tree: dict[str, Any]
    phases: list[dict[str, Any]]


class MissingBody(msgspec.Struct):
    blobs: list[str]


class StopBody(msgspec.Struct):
    grace_seconds: float = 10.0


class ProfileBody(msgspec.Struct):
    steps: int = 5


class StreamBody(msgspec.Struct):
    type: str
    run: str
    start: int = msgspec.field(name="from", default=1)


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
    config = with_defaults(schemas("run-config").get(str(body.config.get("kind")), {}), body.config)
    problems = [
        {"path": "/" + "/".join(map(str, error.absolute_path)), "message": error.message}
        for error in _validator(str(config.get("kind"))).iter_errors(config)
    ]
    # A default that depends on another key is not something a person wrote: the agent has checked what they wrote.
    problems = [
        problem for problem in problems if not problem["message"].endswith("should not be valid under {}")
    ]
    if problems:
        raise EngineError("invalid_config", "The engine does not accept this config.", problems=problems)
    try:
        check_tree(body.tree)
    except (InvalidTree, KeyError, TypeError) as error:
        raise EngineError("invalid_request", f"The tree is not right: {error}") from error
    return {"name": body.name, "config": config, "tree": body.tree, "phases": body.phases}


@cache
def _validator(kind: str) -> Draft7Validator:
    try:
        return Draft7Validator(schemas("run-config")[kind])
    except KeyError:
        raise EngineError("invalid_config", f"The engine has no kind {kind}.") from None


def blobs_of(tree: dict[str, Any]) -> list[str]:
    return sorted({entry["blob"] for entry in tree["entries"] if entry["type"] == "file"})
