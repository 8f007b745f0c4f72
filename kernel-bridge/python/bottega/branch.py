"""The config of a run that begins from a checkpoint of another one."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from .errors import BottegaError

Record = dict[str, Any]
LONGEST_NAME = 80


def branch_config(origin: Record, step: int | None, changes: Record) -> Record:
    """The config of `origin`, a run record, with `changes` by dotted key; None takes a key away.

    `step` is that of a complete checkpoint, None the last one. What it extends is named from the project folder.
    Raises BottegaError with code `invalid_request` for a run that has no checkpoints.
    """
    # Importing the models of the schema takes time that only a branch needs.
    from bottega_schema.document import parse_yaml

    if origin["kind"] != "finetune":
        raise BottegaError(
            "invalid_request", f"A {origin['kind']} run has no checkpoints to branch from.", "Run it again."
        )
    config: Record = parse_yaml(origin["config"]).value
    if "extends" in config:
        config["extends"] = posixpath.normpath(
            posixpath.join(posixpath.dirname(origin["config_path"] or ""), config["extends"])
        )
    checkpoint = origin["id"] if step is None else f"{origin['id']}/checkpoint-{step}"
    end = {} if "num_train_epochs" in changes else {"max_steps": last_step(origin, step)}
    for key, value in {**end, **changes, "resume_from_checkpoint": checkpoint}.items():
        put(config, key.split("."), value)
    return config


def branch_name(origin: Record, step: int | None) -> str:
    """`lora-from-20`, also for a branch of such a branch; no longer than a config may name a run."""
    ending = "-branch" if step is None else f"-from-{step}"
    return re.sub(r"-(from-\d+|branch)$", "", origin["name"])[: LONGEST_NAME - len(ending)] + ending


def last_step(origin: Record, step: int | None) -> int:
    """As far as the run itself was to go; from its end on, as far again."""
    begin: int = origin["step"] if step is None else step
    length: int = origin["max_steps"] or begin
    return length if length > begin else begin + max(1, length)


def put(config: Record, path: list[str], value: Any) -> None:
    *sections, name = path
    for section in sections:
        if not isinstance(config.get(section), dict):
            config[section] = {}
        config = config[section]
    if value is None:
        config.pop(name, None)
    else:
        config[name] = value
