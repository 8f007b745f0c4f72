"""Changes of a config that goes on: dotted keys of live fields (schema/src/run-config.ts) and their values."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from bottega_schema.validate import schemas, with_defaults

Config = dict[str, Any]
Values = Mapping[str, Any]


def live_keys(kind: str) -> list[str]:
    """The dotted keys that can be changed while a run of this kind goes on."""
    return _live_below(schemas("run-config")[kind], "")


def changed(config: Config, values: Values) -> tuple[Config, Config]:
    """The config with other values, and what they were before, null for what was not set.

    None takes a field away, and with a field that its section needs (`samples.prompts`) the whole section; what is
    not there gets its default.
    """
    after = deepcopy(config)
    schema = schemas("run-config")[config["kind"]]
    for key, value in values.items():
        *section, name = key.split(".")
        if value is None:
            _take_away(after, schema, section, name)
        else:
            _below(after, section)[name] = deepcopy(value)
    return with_defaults(schema, after), {key: value_at(config, key) for key in values}


def value_at(config: Config, key: str) -> Any:
    """What stands at a dotted key; None for nothing."""
    value: Any = config
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _take_away(config: Config, schema: Mapping[str, Any], section: list[str], name: str) -> None:
    if section and name in schema["properties"][section[0]].get("required", ()):
        config.pop(section[0], None)
    elif value_at(config, ".".join(section)) is not None or not section:
        _below(config, section).pop(name, None)


def _below(config: Config, section: list[str]) -> Config:
    for name in section:
        config = config.setdefault(name, {})
    return config


def _live_below(schema: Mapping[str, Any], prefix: str) -> list[str]:
    keys: list[str] = []
    for name, field in schema.get("properties", {}).items():
        keys += [prefix + name] if field.get("live") else _live_below(field, f"{prefix}{name}.")
    return keys
