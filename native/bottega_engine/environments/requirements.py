"""What a run says it needs: `dependencies` of its config, or requirements.txt of its project folder.

Included files are put in place of their `-r` and `-c` lines, so that what is left is one text that says everything.
Local files stand in it by content: the same wheel in another run's folder is the same requirement.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega_engine.environments.failure import EnvironmentFailed

FILE = "requirements.txt"
INDEX_OPTIONS = {
    *("-i", "--index-url", "--extra-index-url", "--index", "--default-index"),
    *("-f", "--find-links", "--no-index", "--trusted-host"),
}
INCLUDES = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c"}
OPTION = re.compile(r"(?P<name>--[a-z-]+|-[a-z])\s*=?\s*(?P<value>.*)", re.DOTALL)
LOCAL = re.compile(
    r"(?:(?P<name>[\w.-]+(?:\s*\[[^\]]*\])?)\s*@\s*)?"
    r"(?P<path>(?:file:|\.{1,2}/|/|~)\S*|(?!https?:|git\+)\S+\.(?:whl|tar\.gz|zip))(?P<rest>(?:\s.*)?)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Requirements:
    """Lines as uv reads them, with absolute paths of local files. `text` is the same for the same packages."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    text: str


def read_requirements(config: dict[str, Any], work_dir: Path) -> Requirements | None:
    """None when nothing is needed. Raises EnvironmentFailed for what is not allowed here."""
    reading = _Reading(work_dir)
    if config.get("dependencies") is not None:
        for number, entry in enumerate(config["dependencies"]):
            reading.line(entry.strip(), f"dependencies[{number}]", work_dir, "-r")
    elif (work_dir / FILE).is_file():
        reading.file(work_dir / FILE, "-r")
    return reading.result()


class _Reading:
    def __init__(self, work_dir: Path) -> None:
        self._work_dir = work_dir
        self._lines: dict[str, list[str]] = {"-r": [], "-c": []}
        self._texts: list[str] = []
        self._open: list[Path] = []

    def result(self) -> Requirements | None:
        if not self._lines["-r"]:
            return None
        return Requirements(tuple(self._lines["-r"]), tuple(self._lines["-c"]), "\n".join(self._texts))

    def file(self, path: Path, kind: str) -> None:
        if path in self._open:
            raise EnvironmentFailed(f"{self._name(path)} includes itself.")
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentFailed(f"{self._name(path)} cannot be read: {error}.") from error
        self._open.append(path)
        for number, line in _logical_lines(text):
            self.line(line, f"{self._name(path)} line {number}", path.parent, kind)
        self._open.pop()

    def line(self, line: str, place: str, folder: Path, kind: str) -> None:
        if not line:
            return
        if option := OPTION.fullmatch(line):
            self._option(option["name"], option["value"].strip(), place, folder, kind, line)
        elif local := LOCAL.fullmatch(line):
            self._local(local, place, folder, kind)
        else:
            self._add(line, line, kind)

    def _option(self, name: str, value: str, place: str, folder: Path, kind: str, line: str) -> None:
        if name in INDEX_OPTIONS:
            raise EnvironmentFailed(
                f"{place}: {name} names a package index, which the cluster decides (its uv settings), not the project."
            )
        if name in ("-e", "--editable"):
            raise EnvironmentFailed(
                f"{place}: an editable install is not possible; the project folder itself is importable anyway."
            )
        if name in INCLUDES:
            # What a constraint includes is a constraint too.
            self.file(self._inside(value, place, folder), INCLUDES[name] if kind == "-r" else "-c")
        else:
            self._add(line, line, kind)

    def _local(self, local: re.Match[str], place: str, folder: Path, kind: str) -> None:
        path = self._inside(local["path"], place, folder)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        before = f"{local['name']} @ " if local["name"] else ""
        self._add(
            f"{before}{path.as_uri()}{local['rest']}", f"{before}{path.name} {digest}{local['rest']}", kind
        )

    def _inside(self, text: str, place: str, folder: Path) -> Path:
        """The file of the project folder. Links in it were checked; large files are links to where they are kept."""
        path = Path(os.path.normpath(folder / re.sub(r"^file:(//)?", "", text)))
        if text.startswith("~") or not path.is_relative_to(self._work_dir):
            raise EnvironmentFailed(f"{place}: {text} is outside the project folder.")
        if path.is_dir():
            raise EnvironmentFailed(
                f"{place}: {text} is a folder; build a wheel of it, or import it from the project folder as it is."
            )
        if not path.is_file():
            raise EnvironmentFailed(f"{place}: there is no file {text} in the project folder.")
        return path

    def _add(self, line: str, text: str, kind: str) -> None:
        self._lines[kind].append(line)
        self._texts.append(f"{kind} {text}")

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._work_dir))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their number, without comments, joined where a backslash ends them."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if whole else number
        whole += line
        if whole.endswith("\\") and not whole.lstrip().startswith("#"):
            whole = whole[:-1]
            continue
        yield first, re.sub(r"(^|\s)#.*", "", whole).strip()
        whole = ""
    yield first, re.sub(r"(^|\s)#.*", "", whole).strip()
