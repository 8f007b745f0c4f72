"""`bottega-engine run <file>`: the run of a config file, here and now."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from bottega_engine.alone.local_run import run_here
from bottega_schema.models import Problem
from bottega_schema.validate import validate_run_config

WRONG_INPUT = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="bottega-engine", description="The engine of Bottega, alone.")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="run a config file here, without a cluster")
    run.add_argument("config", type=Path, help="a *.run.yaml file; its folder is the project folder")
    run.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("BOTTEGA_ENGINE_DATA") or Path.home() / ".bottega-engine" / "alone"),
        help="where the folder of the run is made (default: %(default)s)",
    )
    arguments = parser.parse_args()
    sys.exit(_run(arguments.config, arguments.data))


def _run(path: Path, data: Path) -> int:
    config = _read(path)
    if config is None:
        return WRONG_INPUT
    name = config.get("name") or path.name.removesuffix(".yaml").removesuffix(".run")
    return asyncio.run(run_here(name, config, path.resolve().parent, data.expanduser().resolve()))


def _read(path: Path) -> dict[str, Any] | None:
    """The config with what it extends and all defaults; None after its problems were printed."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path} cannot be read: {error}", file=sys.stderr)
        return None
    config, problems = validate_run_config(text, str(path), _read_other)
    for problem in problems:
        print(_in_words(problem, path), file=sys.stderr)
    return config


def _read_other(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise OSError(f"{path} is not UTF-8") from error


def _in_words(problem: Problem, path: Path) -> str:
    return f"{problem.file or path}:{problem.line}:{problem.column}: {problem.message}"


if __name__ == "__main__":
    main()
