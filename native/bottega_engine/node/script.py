"""A person's own script as a rank: Python files in this warm process, everything else spawned."""

from __future__ import annotations

import builtins
import os
import runpy
import shlex
import signal
import subprocess
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bottega_engine.node.project_modules import ProjectModules
from bottega_engine.node.rank_spec import RankSpec
from bottega_engine.node.strays import die_with_parent
from bottega_engine.rank_context import RunFailed

PYTHONS = {"python", "python3"}


@dataclass(frozen=True)
class PythonScript:
    """`target` is a file, or a module when `is_module`."""

    target: str
    arguments: list[str]
    is_module: bool = False


def words_of(command: str | list[str]) -> list[str]:
    """Raises RunFailed when there is nothing to run."""
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise RunFailed(f"The command cannot be read: {error}.", "Close every quotation mark.") from error
    if not words or not words[0]:
        raise RunFailed("The command is empty.")
    return words


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


def run_script(spec: RankSpec, modules: ProjectModules) -> None:
    """Runs the command of a script run, to its end. Raises what a script raises, and RunFailed."""
    words = words_of(spec.config["command"])
    script = python_script(words)
    if script is None:
        _spawn(words)
    elif script.is_module:
        sys.argv = [script.target, *script.arguments]
        # What `python -m` itself calls; runpy.run_module would take __main__ away while threads still run.
        runpy._run_module_as_main(script.target)  # type: ignore[attr-defined]
    else:
        _run_file(spec.work / script.target, script, modules)


def _run_file(path: Path, script: PythonScript, modules: ProjectModules) -> None:
    """As `python path` does: the module __main__ stays until the process ends, for threads, workers and pickles."""
    if not path.is_file():
        raise RunFailed(f"There is no file {script.target} in the project folder.", "Is the command right?")
    sys.argv = [script.target, *script.arguments]
    sys.path[0] = str(path.parent)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=str(path), __builtins__=builtins)
    sys.modules["__main__"] = main
    exec(modules.compiled(path.read_bytes(), str(path)), main.__dict__)


def _spawn(words: list[str]) -> NoReturn:
    """Runs the command as a child and ends as it does; this process stays to end it when the keeper is gone."""
    # Whoever stops the run signals the whole process group: the command decides how it ends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        code = subprocess.Popen(words, close_fds=False, preexec_fn=_before_exec).wait()
    except FileNotFoundError as error:
        raise RunFailed(
            f"There is no command {words[0]} on the cluster.", "Is it installed there?"
        ) from error
    except OSError as error:
        raise RunFailed(f"{words[0]} cannot be started: {error.strerror}.") from error
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _before_exec() -> None:
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
