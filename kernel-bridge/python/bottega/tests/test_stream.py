from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottega import BottegaError
from bottega.stream import OpenStream, Stream, follow_run

LENGTH = 30


class BreakingStream:
    """Sends a log of LENGTH events in pages and breaks after some of them."""

    def __init__(self, pages_until_break: int, page_size: int) -> None:
        self.left = pages_until_break
        self.page_size = page_size
        self.next = 1

    def send(self, message: dict[str, Any]) -> None:
        self.next = message["from"]

    def receive(self, timeout_s: float = 30) -> dict[str, Any]:
        if self.left <= 0:
            raise ConnectionError("broken")
        self.left -= 1
        page = range(self.next, min(LENGTH, self.next + self.page_size - 1) + 1)
        self.next += len(page)
        return {
            "type": "events",
            "run": "run-one",
            "events": [event(seq) for seq in page],
            "last_seq": LENGTH,
        }

    def close(self) -> None:
        pass


def event(seq: int) -> dict[str, Any]:
    is_last = seq == LENGTH
    return {"seq": seq, "type": "status", "state": "done"} if is_last else {"seq": seq, "type": "output"}


def opener(breaks: list[int], page_size: int) -> OpenStream:
    left = iter(breaks)
    return lambda: cast(Stream, BreakingStream(next(left, LENGTH), page_size))


@settings(deadline=None)
@given(
    breaks=st.lists(st.integers(0, 4), max_size=8),
    page_size=st.integers(1, 9),
    start=st.integers(1, LENGTH),
)
def test_whatever_breaks_the_connection_events_come_once_and_in_order(
    breaks: list[int], page_size: int, start: int
) -> None:
    seen = [each["seq"] for each in follow_run(opener(breaks, page_size), "run-one", start)]
    assert seen == list(range(start, LENGTH + 1))


def test_an_error_about_this_run_ends_the_follow() -> None:
    class Refusing(BreakingStream):
        def receive(self, timeout_s: float = 30) -> dict[str, Any]:
            return {"type": "error", "run": "run-one", "error": {"code": "not_found", "message": "No."}}

    with pytest.raises(BottegaError, match=r"^No\.$"):
        list(follow_run(lambda: cast(Stream, Refusing(1, 1)), "run-one", 1))
