"""What a process writes becomes texts: every byte once, whole lines where possible, never too large."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bottega_engine.node.output_text import MOST_CHARACTERS, OutputText


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_byte_is_lost_however_the_reads_fall(reads: list[bytes]) -> None:
    text = OutputText()
    parts = [part for read in reads for part in text.feed(read)]
    parts += [*text.feed(b""), *text.flush()]
    whole, after = b"".join(reads), "".join(parts)
    # The last character may be half there: no end was said, so it waits.
    assert whole.decode("utf-8", "replace").startswith(after)
    assert len(whole.decode("utf-8", "replace")) - len(after) <= 1


def test_lines_come_whole_and_the_begin_of_one_waits() -> None:
    text = OutputText()
    assert text.feed(b"one\ntwo\nthr") == ["one\ntwo\n"]
    assert text.has_rest
    assert text.feed(b"ee\n") == ["three\n"]
    assert not text.has_rest


def test_a_progress_bar_moves() -> None:
    text = OutputText()
    assert text.feed(b" 10%|#\r 20%|##\r 30") == [" 10%|#\r 20%|##\r"]
    assert text.flush() == [" 30"]


def test_a_text_is_at_most_64_kib_and_cut_at_a_line_end() -> None:
    text = OutputText()
    line = "€" * 999 + "\n"
    parts = text.feed((line * 100).encode())
    assert "".join(parts) == line * 100
    assert all(len(part.encode()) <= 64 * 1024 and part.endswith("\n") for part in parts)
    assert [len(part) for part in text.feed(b"x" * (MOST_CHARACTERS + 1))] == [MOST_CHARACTERS, 1]
