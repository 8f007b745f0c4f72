"""Instruction pairs and plain text out of the Python standard library of this machine: real data without a download."""

from __future__ import annotations

import ast
import hashlib
import sysconfig
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages"}
FEWEST_CHARACTERS, MOST_CHARACTERS = 12, 160
MOST_SOURCE_CHARACTERS = 350
EVALUATED_OUT_OF_256 = 13

Row = dict[str, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Documented:
    """A function or method with a docstring."""

    home: str
    """The module, and the class when it is a method."""
    signature: str
    summary: str
    source: str

    @property
    def is_held_out(self) -> bool:
        """The same functions on every machine that has them; the base model never reads these."""
        name = f"{self.home} {self.signature}"
        return hashlib.sha256(name.encode()).digest()[0] < EVALUATED_OUT_OF_256

    def rows(self) -> list[Row]:
        code = f"# {self.home}\n{self.signature}"
        return [
            {"instruction": "Write the docstring.", "input": code, "output": self.summary},
            {"instruction": "Write the signature.", "input": self.summary, "output": code},
        ]


def read_standard_library() -> list[Documented]:
    """Every documented function once, in the order of files and lines."""
    found: dict[tuple[str, str], Documented] = {}
    for module, tree, lines in _modules():
        for home, node in _functions(tree, module):
            documented = _documented(home, node, lines)
            if documented is not None:
                found.setdefault((documented.signature, documented.summary), documented)
    return list(found.values())


def _modules() -> Iterator[tuple[str, ast.Module, list[str]]]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if SKIPPED_FOLDERS & set(parts[:-1]) or not all(part.isidentifier() for part in parts):
            continue
        source = path.read_text("utf-8", errors="replace")
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(source)
        except SyntaxError:
            # Some versions carry templates that are not Python until they are filled in.
            continue
        yield ".".join(part for part in parts if part != "__init__"), tree, source.splitlines()


def _functions(scope: ast.Module | ast.ClassDef, home: str) -> Iterator[tuple[str, Function]]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{home}.{node.name}")
        elif isinstance(node, Function):
            yield home, node


def _documented(home: str, node: Function, lines: list[str]) -> Documented | None:
    docstring = ast.get_docstring(node)
    if not docstring:
        return None
    summary = " ".join(docstring.split("\n\n")[0].split())
    if not FEWEST_CHARACTERS <= len(summary) <= MOST_CHARACTERS:
        return None
    keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    signature = f"{keyword} {node.name}({ast.unparse(node.args)}):"
    source = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    return Documented(home, signature, summary, f"# {home}\n{source[:MOST_SOURCE_CHARACTERS]}\n")
