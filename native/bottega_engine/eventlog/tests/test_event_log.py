"""The event log keeps its numbers whatever happens to the process that writes it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottega_engine.eventlog import EventLog

records = st.lists(
    st.fixed_dictionaries({"type": st.just("output"), "text": st.text(max_size=200)}), max_size=30
)


def numbers(log: EventLog) -> list[int]:
    seen: list[int] = []
    while page := log.read(len(seen) + 1, limit=7):
        seen.extend(event["seq"] for event in page)
    return seen


@settings(deadline=None, max_examples=60)
@given(records, st.integers(0, 200), st.binary(max_size=40))
def test_a_torn_end_is_dropped_and_nothing_else(
    events: list[dict[str, Any]], cut: int, garbage: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        log = EventLog(path)
        for event in events:
            log.append(event)
        log.close()
        whole = path.read_bytes()
        kept = whole[: max(0, len(whole) - cut)]
        path.write_bytes(kept + garbage.replace(b"\n", b""))
        recovered = EventLog(path)
        expected = kept.count(b"\n")
        assert numbers(recovered) == list(range(1, expected + 1))
        assert [event["text"] for event in recovered.read(1)] == [e["text"] for e in events[:expected]]
        assert recovered.append({"type": "output", "text": "next"}) == expected + 1
        recovered.close()
        assert numbers(EventLog(path)) == list(range(1, expected + 2))


def test_a_page_is_bounded_in_bytes_and_never_empty_before_the_end(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for _ in range(5):
        log.append({"type": "output", "text": "x" * 400_000})
    assert [event["seq"] for event in log.read(1)] == [1]
    assert [event["seq"] for event in log.read(5)] == [5]
    assert log.read(6) == []
    assert numbers(log) == [1, 2, 3, 4, 5]


async def test_a_waiting_reader_wakes_at_the_append(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    waiting = asyncio.ensure_future(log.wait_beyond(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    log.append({"type": "output", "text": "now"})
    await asyncio.wait_for(waiting, 1)


WRITER = """
import sys
from pathlib import Path
from bottega_engine.eventlog import EventLog
log = EventLog(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    log.append({"type": "output", "text": "y" * 300})
"""


def test_a_killed_writer_leaves_a_log_without_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        before = path.stat().st_size
        while path.stat().st_size < before + 100_000:
            pass
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        log = EventLog(path)
        assert numbers(log) == list(range(1, log.last_seq + 1))
        assert log.last_seq > 0
        log.close()


def test_a_full_disk_loses_only_the_event_that_did_not_fit(tmp_path: Path) -> None:
    """/dev/full refuses every write, as a full disk does."""
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"type": "output", "text": "fits"})
    real = log._file
    log._file = FullDisk(real)  # type: ignore[assignment]
    try:
        log.append({"type": "output", "text": "does not"})
    except OSError as error:
        assert "No space" in str(error)
    else:
        raise AssertionError("a full disk must be told")
    log._file = real
    assert log.append({"type": "output", "text": "again"}) == 2
    assert [event["text"] for event in log.read(1)] == ["fits", "again"]


class FullDisk:
    """A file that takes half of what it is given and then has no space left."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: memoryview) -> int:
        self._file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


async def test_a_batch_is_one_write_and_wakes_readers_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log._file = counting = CountedWrites(path.open("r+b", buffering=0))  # type: ignore[assignment]
    waiting = asyncio.ensure_future(log.wait_beyond(99))
    with log.batch():
        assert [log.append({"type": "output", "text": f"a\nb\r{n}"}) for n in range(100)][-1] == 100
        assert log.last_seq == 100
    await asyncio.wait_for(waiting, 1)
    assert counting.writes == 1
    assert numbers(log) == list(range(1, 101))
    page, after = log.read_page(31, 20)
    assert after == 51
    assert json.loads(b"[" + page + b"]") == log.read(31, 20)
    assert log.read_page(101) == (b"", 101)


def test_a_full_disk_keeps_what_fits_of_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log._file = SmallDisk(path.open("r+b", buffering=0), 1_000)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space"), log.batch():
        for _ in range(100):
            log.append({"type": "output", "text": "x" * 100})
    log.close()
    kept = log.last_seq
    assert 3 < kept < 10
    assert log.append({"type": "output", "text": "again"}) == kept + 1
    assert numbers(EventLog(path)) == list(range(1, kept + 2))


def test_only_a_log_that_is_written_is_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    assert not is_open(path)
    log.append({"type": "output", "text": "one"})
    assert is_open(path)
    log.close()
    assert not is_open(path)
    assert numbers(log) == [1]
    assert not is_open(path)
    assert log.append({"type": "output", "text": "two"}) == 2
    assert numbers(EventLog(path)) == [1, 2]


def is_open(path: Path) -> bool:
    return str(path) in [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]


class CountedWrites:
    writes = 0

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: memoryview) -> Any:
        self.writes += 1
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class SmallDisk(CountedWrites):
    """A file that has no space beyond `size` bytes."""

    def __init__(self, file: Any, size: int) -> None:
        super().__init__(file)
        self._size = size

    def write(self, data: memoryview) -> int:
        room = max(0, self._size - self._file.tell())
        self._file.write(data[:room])
        if room < len(data):
            raise OSError(28, "No space left on device")
        return len(data)
