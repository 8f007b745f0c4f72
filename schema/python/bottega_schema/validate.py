"""Checks run configs and cluster specs; gives the same problems as schema/src/validate, word for word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files as package_files
from posixpath import dirname, normpath
from typing import Any

from jsonschema import Draft7Validator, ValidationError

from .document import YamlFile, parse_yaml, place_of, pointer, problem_of
from .models import Problem
from .sentence import BrokenRule, Said, say

Config = dict[str, Any]
Reader = Callable[[str], str]


def validate_run_config(
    text: str, file: str | None = None, read: Reader | None = None
) -> tuple[Config | None, list[Problem]]:
    """Checks a run config in YAML; `read` reads the files it extends and raises OSError when one is not there.

    Every problem comes with its place; the config has all defaults when there is none.
    """
    chain, problems = follow_extends(text, file, read)
    if problems:
        return None, problems
    merged: Config = {}
    for each in reversed(chain):
        merged = merge(merged, each.value)
    merged.pop("extends", None)
    return check(merged, chain, "kind", schemas("run-config"))


def validate_cluster_spec(text: str) -> tuple[Config | None, list[Problem]]:
    """Checks a cluster spec in YAML."""
    parsed = parse_yaml(text)
    problems = parsed.problems or not_a_mapping(parsed)
    return (
        (None, problems) if problems else check(parsed.value, [parsed], "provider", schemas("cluster-spec"))
    )


@cache
def schemas(name: str) -> dict[str, dict[str, Any]]:
    """The generated JSON Schemas by kind."""
    loaded = json.loads((package_files(__package__) / f"{name}.json").read_text("utf-8"))
    loaded.pop("$schema")
    return loaded


def with_defaults(schema: Mapping[str, Any], value: Any) -> Any:
    """The value with every default of the schema filled in, at any depth. The value itself stays as it is."""
    properties = schema.get("properties")
    if not properties or not isinstance(value, dict):
        return value
    filled = dict(value)
    for key, inner in properties.items():
        if key not in filled and "default" in inner:
            filled[key] = deepcopy(inner["default"])
        if key in filled:
            filled[key] = with_defaults(inner, filled[key])
    return filled


def follow_extends(text: str, file: str | None, read: Reader | None) -> tuple[list[YamlFile], list[Problem]]:
    """The file and what it extends, nearest first."""
    chain = [parse_yaml(text)]
    seen = {normpath(file)} if file is not None else set()
    here = file or ""
    while True:
        current = chain[-1]
        if problems := current.problems or not_a_mapping(current):
            return chain, problems
        if "extends" not in current.value:
            return chain, []
        wanted = current.value["extends"]
        message, base, path = "", "", ""
        if not isinstance(wanted, str) or not wanted:
            message = "extends must be the path of another run config."
        else:
            path = normpath(wanted if wanted.startswith("/") else f"{dirname(here) or '.'}/{wanted}")
            if path in seen:
                message = f"extends goes in a circle: {wanted} is already part of this config."
            else:
                seen.add(path)
                try:
                    if read is None:
                        raise OSError("no reader")
                    base = read(path)
                except OSError:
                    message = f"{wanted} cannot be read."
        if message:
            return chain, [problem_at([current], Said(("extends",), message, "value"))]
        chain.append(parse_yaml(base, path))
        here = path


def not_a_mapping(parsed: YamlFile) -> list[Problem]:
    if isinstance(parsed.value, dict):
        return []
    return [problem_at([parsed], Said((), "The file must be a mapping of keys to values.", "key"))]


def merge(base: Config, over: Config) -> Config:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def check(
    value: Config, chain: list[YamlFile], key: str, kinds: dict[str, dict[str, Any]]
) -> tuple[Config | None, list[Problem]]:
    """Picks the schema by the value of one key, so that problems speak of that kind alone."""
    kind = value.get(key)
    schema = kinds.get(kind) if isinstance(kind, str) else None
    if schema is None:
        known = {"enum": list(kinds)}
        rule = (
            BrokenRule("enum", (key,), known, kind)
            if key in value
            else BrokenRule("required", (), known, value, key)
        )
        return None, [problem_at(chain, say(rule))]
    broken = [rule for error in Draft7Validator(schema).iter_errors(value) for rule in rules_of(error)]
    if not broken:
        return with_defaults(schema, value), []
    return None, in_order([problem_at(chain, say(rule)) for rule in broken])


def rules_of(error: ValidationError) -> list[BrokenRule]:
    """jsonschema reports unknown and missing keys of a mapping with prose; the keys are found again here."""
    path = tuple(error.absolute_path)
    value: Any = error.instance
    schema = error.schema if isinstance(error.schema, dict) else {}
    keyword = str(error.validator)
    if keyword == "additionalProperties":
        patterns = list(schema.get("patternProperties", {}))
        known = schema.get("properties", {})
        unknown = [key for key in value if key not in known and not any(matches(p, key) for p in patterns)]
        return [BrokenRule(keyword, path, schema, value, key) for key in unknown]
    if keyword == "required":
        missing = error.message.split("'")[1]
        return [BrokenRule(keyword, path, schema, value, missing)]
    return [BrokenRule(keyword, path, schema, value)]


def matches(pattern: str, key: str) -> bool:
    return re.search(pattern, key) is not None


def problem_at(chain: list[YamlFile], said: Said) -> Problem:
    """The place in the nearest file that has the path, or has its parent."""
    for length in range(len(said.path), 0, -1):
        for each in chain:
            span = place_of(each, said.path[:length], said.mark if length == len(said.path) else "key")
            if span:
                return problem_of(pointer(said.path), said.message, each.file, span, said.suggestion)
    return problem_of(pointer(said.path), said.message, None, (1, 1, 1, 2), said.suggestion)


def in_order(problems: list[Problem]) -> list[Problem]:
    unique = {(problem.path, problem.message): problem for problem in problems}
    return sorted(unique.values(), key=lambda p: (p.file or "", p.line or 0, p.column or 0, p.message))
