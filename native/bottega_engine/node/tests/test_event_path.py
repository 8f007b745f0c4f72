"""From a rank's pipe to the engine: the first bytes at once, floods collected, nothing lost, memory bounded."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import msgspec

from bottega_engine.node import launch as messages
from bottega_engine.node.outbox import AHEAD_S, MOST_BYTES, SHARE_S, Outbox
from bottega_engine.node.output_pipe import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_READS_PER_S,
    PIPE_BYTES,
    OutputPipe,
)

decode = msgspec.msgpack.Decoder(messages.FromKeeper).decode


def open_pipe() -> tuple[OutputPipe, int]:
    """The pipe, and the descriptor that a rank would write to."""
    reader, writer = os.pipe()
    return OutputPipe(reader), writer


def write_all(writer: int, lines: int) -> float:
    """Seconds it took to write the lines, one write for each, and to close."""
    began = time.perf_counter()
    for number in range(lines):
        os.write(writer, b"line %010d %s\n" % (number, b"x" * 64))
    os.close(writer)
    return time.perf_counter() - began


async def test_the_first_line_after_a_quiet_moment_does_not_wait() -> None:
    pipe, writer = open_pipe()
    texts = pipe.texts()
    for _ in range(3):
        reading = asyncio.ensure_future(anext(texts))
        await asyncio.sleep(2 * FIRST_PAUSE_S)
        os.write(writer, b"now\n")
        soon = asyncio.ensure_future(asyncio.sleep(FIRST_PAUSE_S / 2))
        await asyncio.wait({reading, soon}, return_when=asyncio.FIRST_COMPLETED)
        assert reading.done()
        assert reading.result() == ["now\n"]
    os.close(writer)


async def test_a_flood_comes_whole_in_few_texts() -> None:
    pipe, writer = open_pipe()
    writing = asyncio.create_task(asyncio.to_thread(write_all, writer, 100_000))
    batches = [texts async for texts in pipe.texts()]
    took = await writing
    text = "".join("".join(texts) for texts in batches)
    assert [int(line.split()[1]) for line in text.splitlines()] == list(range(100_000))
    assert len(batches) < took / FIRST_PAUSE_S + 20


async def test_the_longer_a_flood_goes_on_the_more_comes_at_once() -> None:
    pipe, writer = open_pipe()

    async def flood() -> None:
        for number in range(200):
            os.write(writer, b"line %010d\n" % number)
            await asyncio.sleep(0.005)
        os.close(writer)

    flooding = asyncio.create_task(flood())
    began = time.perf_counter()
    batches = [texts async for texts in pipe.texts()]
    took = time.perf_counter() - began
    await flooding
    assert "".join("".join(texts) for texts in batches).count("\n") == 200
    assert len(batches) < took / LONGEST_PAUSE_S + 8 < took / FIRST_PAUSE_S


async def test_many_floods_are_read_together_and_less_often() -> None:
    pipes = [open_pipe() for _ in range(40)]
    reads: list[float] = []

    async def flood() -> None:
        for _ in range(100):
            for _, writer in pipes:
                os.write(writer, b"line\n")
            await asyncio.sleep(0.02)
        for _, writer in pipes:
            os.close(writer)

    async def read(pipe: OutputPipe) -> int:
        lines = 0
        async for texts in pipe.texts():
            reads.append(time.perf_counter())
            lines += len("".join(texts).splitlines())
        pipe.close()
        return lines

    flooding = asyncio.create_task(flood())
    began = time.perf_counter()
    assert await asyncio.gather(*(read(pipe) for pipe, _ in pipes)) == [100] * len(pipes)
    took = time.perf_counter() - began
    await flooding
    most = (took + 1) * MOST_READS_PER_S + 8 * len(pipes)
    assert len(reads) < most < len(pipes) * took / LONGEST_PAUSE_S
    moments = {round(moment / FIRST_PAUSE_S) for moment in reads}
    assert len(moments) < len(reads) / 4


async def test_what_was_printed_is_there_before_what_is_told_next() -> None:
    pipe, writer = open_pipe()
    texts = pipe.texts()
    os.write(writer, b"first\n")
    assert await anext(texts) == ["first\n"]
    os.write(writer, b"second\n")
    assert pipe.take() == ["second\n"]
    os.close(writer)
    assert [each async for each in texts if each] == []


async def test_a_rank_waits_when_nobody_takes_what_it_writes() -> None:
    pipe, writer = open_pipe()
    os.set_blocking(writer, False)
    written = refused = 0
    while refused < 100:
        try:
            written += os.write(writer, b"x" * 4096)
            refused = 0
        except BlockingIOError:
            refused += 1
        await asyncio.sleep(0)
    assert PIPE_BYTES <= written < 2 * PIPE_BYTES
    os.close(writer)
    taken = [text async for texts in pipe.texts() for text in texts]
    assert sum(map(len, taken)) == written


async def test_when_the_rank_has_ended_the_rest_comes_at_once() -> None:
    pipe, writer = open_pipe()
    texts = pipe.texts()
    os.write(writer, b"first\n")
    assert await anext(texts) == ["first\n"]
    os.write(writer, b"last")
    os.close(writer)
    pipe.hurry()
    began = time.perf_counter()
    assert [text async for rest in texts for text in rest] == ["last"]
    assert time.perf_counter() - began < FIRST_PAUSE_S / 2


async def test_texts_end_also_when_somebody_still_holds_the_pipe() -> None:
    pipe, writer = open_pipe()
    reading = asyncio.ensure_future(anext(pipe.texts()))
    await asyncio.sleep(0)
    pipe.stop()
    assert await reading == []
    os.close(writer)
    pipe.close()


async def test_an_engine_that_is_behind_stops_the_ranks_and_gets_few_large_messages() -> None:
    sent: list[messages.FromKeeper] = []
    may_go = asyncio.Event()

    async def send(message: bytes) -> None:
        await may_go.wait()
        sent.append(decode(message))

    outbox = Outbox(send)
    delivering = asyncio.create_task(outbox.deliver())
    added = 0

    async def add_many() -> None:
        nonlocal added
        for number in range(2_000):
            await outbox.add("run", [{"type": "output", "text": f"{number:010d}" + "x" * 10_000}])
            added += 1

    adding = asyncio.create_task(add_many())
    before = -1
    while before != added:
        before = added
        for _ in range(20):
            await asyncio.sleep(0)
    assert added < MOST_BYTES / 10_000 * 2
    may_go.set()
    await adding
    outbox.say(messages.Ended("run", "done", "", 0))
    while not (sent and isinstance(sent[-1], messages.Ended)):
        await asyncio.sleep(0)
    delivering.cancel()
    batches = [message.records for message in sent if isinstance(message, messages.Records)]
    assert [int(each["text"][:10]) for batch in batches for each in batch] == list(range(2_000))
    assert len(batches) < 50


async def test_who_talks_all_the_time_is_heard_in_turns_and_who_was_quiet_at_once() -> None:
    sent: list[messages.FromKeeper] = []

    async def send(message: bytes) -> None:
        sent.append(decode(message))

    def turns(run_id: str) -> list[list[dict[str, Any]]]:
        heard = [message for message in sent if isinstance(message, messages.Records)]
        return [message.records for message in heard if message.run_id == run_id]

    outbox = Outbox(send)
    delivering = asyncio.create_task(outbox.deliver())
    began = time.perf_counter()
    said = 0
    while len(turns("talks")) < AHEAD_S / SHARE_S + 10:
        await outbox.add("talks", [{"type": "metric", "step": said}])
        said += 1
        await asyncio.sleep(SHARE_S / 20)
    # What it saved up is gone after AHEAD_S, or sooner.
    assert len(turns("talks")) <= (time.perf_counter() - began + AHEAD_S) / SHARE_S + 2
    assert len(turns("talks")[-1]) > 1
    await outbox.add("talks", [{"type": "metric", "step": said}])
    await outbox.add("quiet", [{"type": "metric", "step": 0}])
    await asyncio.sleep(SHARE_S / 20)
    assert turns("quiet") == [[{"type": "metric", "step": 0}]]
    assert [each["step"] for turn in turns("talks") for each in turn] == list(range(said + 1))
    delivering.cancel()
