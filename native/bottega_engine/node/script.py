"""A person's own script as a rank: Python files in this warm process, everything else spawned."""

from __future__ import annotations

import os
import runpy
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bottega_engine.node.rank_spec import RankSpec
from bottega_engine.rank_context import RunFailed

PYTHONS = {"python", "python3"}


@dataclass(frozen=True)
class PythonScript:
    """`target` is a file, or a module when `is_module`."""

    target: str
    arguments: list[str]
    is_module: bool = False


def words_of(command: str | list[str]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else list(command)


def python_script(words: list[str]) -> PythonScript | None:
    """The script behind `train.py …`, `python train.py …` or `python -m train …`; None for any other command.

    Options of the interpreter itself need an interpreter of their own.
    """
    rest = words[1:] if Path(words[0]).name in PYTHONS and "/" not in words[0] else words
    if not rest:
        return None
    if rest is not words and rest[0] == "-m" and len(rest) > 1:
        return PythonScript(rest[1], rest[2:], is_module=True)
    return PythonScript(rest[0], rest[1:]) if rest[0].endswith(".py") else None


def run_script(spec: RankSpec) -> None:
    words = words_of(spec.config["command"])
    script = python_script(words)
    if script is None:
        _spawn(words, spec)
    elif script.is_module:
        sys.argv = [script.target, *script.arguments]
        runpy.run_module(script.target, run_name="__main__", alter_sys=True)
    else:
        path = spec.work / script.target
        if not path.is_file():
            raise RunFailed(
                f"There is no file {script.target} in the project folder.", "Is the command right?"
            )
        sys.argv = [str(path), *script.arguments]
        sys.path[0] = str(path.parent)
        # runpy restores __main__ afterwards; it must be there while child processes look for it.
        runpy.run_path(str(path), run_name="__main__")


def _spawn(words: list[str], spec: RankSpec) -> NoReturn:
    """Becomes the command: same process, same pipes, same end."""
    try:
        os.execvpe(words[0], words, {**os.environ, "PYTHONUNBUFFERED": "1"})
    except FileNotFoundError as error:
        raise RunFailed(
            f"There is no command {words[0]} on the cluster.", "Is it installed there?"
        ) from error
    except OSError as error:
        raise RunFailed(f"{words[0]} cannot be started: {error.strerror}.") from error
