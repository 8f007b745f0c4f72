"""`python examples/prepare`: data and base model of `examples/docstrings`, from the cache when they were made before."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent / "docstrings"
MADE = ("data", "models")


def main() -> None:
    made = _cache() / "examples" / _key()
    if not made.is_dir():
        _make(made)
    for name in MADE:
        _put_in_place(made / name, PROJECT / name)


def _cache() -> Path:
    return Path(os.environ.get("BOTTEGA_CACHE") or Path.home() / ".cache" / "bottega").resolve()


def _key() -> str:
    """What the result depends on: this code, the libraries, and the Python whose standard library is read."""
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(file for file in HERE.glob("*.py") if not file.name.startswith("test_")):
        digest.update(file.read_bytes())
    for package in ("torch", "transformers", "tokenizers"):
        digest.update(f"{package}=={version(package)}\n".encode())
    return digest.hexdigest()[:16]


def _make(made: Path) -> None:
    """Makes everything in a folder beside and moves it to its name last: what has the name is complete."""
    # What is there already needs none of these, and torch alone takes seconds.
    from base_model import make_base_model
    from corpus import read_standard_library

    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
        folder = Path(scratch)
        documented = read_standard_library()
        seen = [each for each in documented if not each.is_held_out]
        _write_rows(folder / "data/train.jsonl", [row for each in seen for row in each.rows()])
        held_out = [row for each in documented if each.is_held_out for row in each.rows()]
        _write_rows(folder / "data/eval.jsonl", held_out)
        make_base_model([each.source for each in seen], folder / "models/tiny-llama")
        complete = folder.with_suffix(".complete")
        folder.rename(complete)
        folder.mkdir()
        try:
            complete.rename(made)
        except OSError:
            # Somebody else was faster, with the same result.
            shutil.rmtree(complete)


def _write_rows(file: Path, rows: list[dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def _put_in_place(source: Path, target: Path) -> None:
    """Copies: a hard link would let an edit in the project reach into the cache."""
    shutil.copytree(source, target, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
