"""YAML 1.2 with the places of its values, as schema/src/validate/document.ts reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .models import Problem
from .sentence import Path


class CoreLoader(yaml.SafeLoader):
    """PyYAML speaks YAML 1.1, where `2e-4` is text and `yes` is true; this is the core schema of YAML 1.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012


CORE_SCHEMA = [
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
    ("tag:yaml.org,2002:merge", r"^(?:<<)$", ["<"]),
]
for tag, pattern, first in CORE_SCHEMA:
    CoreLoader.add_implicit_resolver(tag, re.compile(pattern), first)


def whole_number(loader: CoreLoader, node: ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


CoreLoader.add_constructor("tag:yaml.org,2002:int", whole_number)


@dataclass
class YamlFile:
    file: str | None
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None


def pointer(path: Path) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def parse_yaml(text: str, file: str | None = None) -> YamlFile:
    """Parses YAML. Syntax errors become problems with their place."""
    loader = CoreLoader(text)
    try:
        root = loader.get_single_node()
        repeated = repeated_key(root)
        if repeated is not None:
            return YamlFile(file, problems=[place(repeated, "This key is there twice.", file)])
        return YamlFile(file, loader.construct_document(root) if root else None, root=root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tab = "'\\t'" in str(error.problem)
        message = "Indent with spaces; YAML does not allow tabs." if tab else "This is not valid YAML."
        return YamlFile(file, problems=[problem_of("", message, file, (line, column, line, column + 1))])
    except (yaml.YAMLError, ValueError):
        return YamlFile(file, problems=[problem_of("", "This is not valid YAML.", file, (1, 1, 1, 2))])
    finally:
        loader.dispose()


def problem_of(
    path: str, message: str, file: str | None, span: tuple[int, int, int, int], suggestion: str | None = None
) -> Problem:
    line, column, end_line, end_column = span
    return Problem(
        path=path, message=message, file=file, line=line, column=column, end_line=end_line, end_column=end_column, suggestion=suggestion
    )  # fmt: skip


def span_of(node: Node) -> tuple[int, int, int, int]:
    return (
        node.start_mark.line + 1,
        node.start_mark.column + 1,
        node.end_mark.line + 1,
        node.end_mark.column + 1,
    )


def place(node: Node, message: str, file: str | None) -> Problem:
    return problem_of("", message, file, span_of(node))


def repeated_key(node: Node | None) -> Node | None:
    """The second of two equal keys in one mapping; PyYAML would silently take the last."""
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                if key.value in seen:
                    return key
                seen.add(key.value)
            if (found := repeated_key(value)) is not None:
                return found
    elif isinstance(node, SequenceNode):
        for item in node.value:
            if (found := repeated_key(item)) is not None:
                return found
    return None


def place_of(
    yaml_file: YamlFile, path: Path, mark: Literal["key", "value"]
) -> tuple[int, int, int, int] | None:
    """Where a path is written: its key, or its value when that is a scalar. None when this file does not have it."""
    node: Node | None = yaml_file.root
    key: Node | None = None
    for part in path:
        if isinstance(node, MappingNode):
            pair = next(
                (pair for pair in node.value if isinstance(pair[0], ScalarNode) and pair[0].value == part),
                None,
            )
            if pair is None:
                return None
            key, node = pair
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            key = node = node.value[part]
        else:
            return None
    written = isinstance(node, ScalarNode) and node.value
    marked = node if mark == "value" and written else key
    return span_of(marked) if marked is not None else None
