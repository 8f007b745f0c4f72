"""The corpus is what the example says it is: real, split cleanly, and the same every time."""

from __future__ import annotations

import pytest
from corpus import Documented, read_standard_library


@pytest.fixture(scope="module")
def documented() -> list[Documented]:
    return read_standard_library()


def test_it_finds_what_the_standard_library_documents(documented: list[Documented]) -> None:
    assert len(documented) > 3000
    [copy] = [each for each in documented if each.home == "shutil" and "def copyfile(" in each.signature]
    assert copy.signature == "def copyfile(src, dst, *, follow_symlinks=True):"
    assert copy.summary.startswith("Copy data from src to dst")
    assert copy.source.startswith("# shutil\ndef copyfile(")


def test_every_row_has_text_to_read_and_text_to_learn(documented: list[Documented]) -> None:
    rows = [row for each in documented for row in each.rows()]
    assert all(row[field].strip() for row in rows for field in ("instruction", "input", "output"))
    assert max(len(row["output"]) for row in rows if row["instruction"] == "Write the docstring.") <= 160


def test_a_share_is_held_out_and_what_is_held_out_has_no_twin_in_training(
    documented: list[Documented],
) -> None:
    held_out = {(each.home, each.signature) for each in documented if each.is_held_out}
    assert 0.03 < len(held_out) / len(documented) < 0.08
    assert not held_out & {(each.home, each.signature) for each in documented if not each.is_held_out}


def test_reading_twice_gives_the_same(documented: list[Documented]) -> None:
    assert read_standard_library() == documented
