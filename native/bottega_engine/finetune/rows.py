"""Rows of JSONL and Parquet files, each with the place it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet

from bottega_engine.rank_context import RunFailed

SHOWN_BYTES = 80

Hook = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the line of a JSONL file or the row of a Parquet file, from 1."""

    values: dict[str, Any]
    file: str
    number: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}"


def read_rows(names: list[str], work_dir: Path, hook: Hook | None) -> list[Row]:
    """All rows, in order, after the hook. Raises RunFailed for a file that cannot be read or has no rows."""
    rows = [row for name in names for row in _read_file(name, work_dir)]
    if not rows:
        raise RunFailed(f"{', '.join(names)}: there are no rows.")
    if hook is None:
        return rows
    kept = [Row(values, row.file, row.number) for row in rows if (values := _call(hook, row)) is not None]
    if not kept:
        raise RunFailed(f"data.hook left out all {len(rows)} rows of {', '.join(names)}.")
    return kept


def find_data(name: str, work_dir: Path) -> Path:
    """Raises RunFailed when there is no such file."""
    path = work_dir / Path(name).expanduser()
    if not path.is_file():
        raise RunFailed(
            f"{name} is not a file of the project folder.",
            "Data files count as project files: are they there, and not in the ignore file?",
        )
    return path


def _read_file(name: str, work_dir: Path) -> Iterator[Row]:
    path = find_data(name, work_dir)
    return _read_parquet(path, name) if path.suffix == ".parquet" else _read_jsonl(path, name)


def _read_jsonl(path: Path, name: str) -> Iterator[Row]:
    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                values = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise RunFailed(
                    f"{name}:{number} is not JSON ({error}). It begins: {_first_bytes(line)}"
                ) from error
            if not isinstance(values, dict):
                raise RunFailed(f"{name}:{number} is not a JSON object. It begins: {_first_bytes(line)}")
            yield Row(values, name, number)


def _read_parquet(path: Path, name: str) -> Iterator[Row]:
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise RunFailed(f"{name} is not a Parquet file that can be read: {error}") from error
    for number, values in enumerate(table.to_pylist(), start=1):
        yield Row(values, name, number)


def _first_bytes(line: bytes) -> str:
    text = line.rstrip(b"\r\n")
    shown = text[:SHOWN_BYTES].decode("utf-8", errors="backslashreplace")
    return shown + ("…" if len(text) > SHOWN_BYTES else "")


def _call(hook: Hook, row: Row) -> dict[str, Any] | None:
    try:
        values = hook(dict(row.values))
    except Exception as error:
        raise RunFailed(f"data.hook failed on {row.place}: {type(error).__name__}: {error}") from error
    if values is not None and not isinstance(values, dict):
        raise RunFailed(
            f"data.hook returned {type(values).__name__} for {row.place}.",
            "It returns the row, as a dict, or None to leave it out.",
        )
    return values
