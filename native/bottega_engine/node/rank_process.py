"""One rank as its keeper holds it: pipes, control, exit code, and the end of everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from bottega_engine.node.forking_process import Forker, exit_code_of
from bottega_engine.node.output_pipe import OutputPipe
from bottega_engine.node.rank import SHOW_STACKS, parse_record
from bottega_engine.node.rank_spec import RankSpec, encode
from bottega_engine.node.strays import kill_strays, kill_tree

Record = dict[str, Any]
Sink = Callable[[int, list[Record]], Awaitable[None]]

DRAIN_S = 10.0
"""Nobody is left to write; what is in the pipes is read within this time unless the engine hangs."""
LARGEST_RECORD = 1024 * 1024


class RankProcess:
    """`sink` gets (rank, records) in order and takes them at once; as long as it waits after that, the rank waits."""

    def __init__(self, spec: RankSpec, forker: Forker, sink: Sink) -> None:
        self.spec = spec
        self.pid = 0
        self._sink = sink
        self._forker = forker
        self._has_ended = False
        self._control = -1
        self._exit: asyncio.Future[int] | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self._outputs: dict[str, OutputPipe] = {}
        self._records: asyncio.ReadTransport

    async def start(self) -> None:
        """Raises ZygoteFailed and OSError."""
        spec = os.memfd_create("bottega-rank")
        os.write(spec, encode(self.spec))
        readers, writers = zip(*(os.pipe() for _ in range(3)), strict=True)
        control, self._control = os.pipe()
        try:
            self.pid, self._exit = await self._forker.fork([spec, *writers, control])
        except BaseException:
            for descriptor in (*readers, self._control):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (spec, *writers, control):
                os.close(descriptor)
        stdout, stderr, records = readers
        self._outputs = {"stdout": OutputPipe(stdout), "stderr": OutputPipe(stderr)}
        pumps = [
            *(self._pump_output(stream) for stream in self._outputs),
            self._pump_records(await self._read(records)),
        ]
        self._pumps = [asyncio.create_task(pump) for pump in pumps]

    async def ended(self) -> int:
        """The exit code, negative for a signal, after the last record was given to the sink."""
        assert self._exit is not None
        code = await exit_code_of(self.pid, self._exit)
        self._has_ended = True
        self._forker.living.discard(self.pid)
        await kill_strays(self._forker.living)
        for pipe in self._outputs.values():
            pipe.hurry()
        await asyncio.wait(self._pumps, timeout=DRAIN_S)
        self._records.close()
        for pipe in self._outputs.values():
            pipe.stop()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for pipe in self._outputs.values():
            pipe.close()
        os.close(self._control)
        self._control = -1
        return code

    def say(self, command: str) -> None:
        """Tells the rank over its control pipe."""
        if self._control >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._control, f"{command}\n".encode("ascii"))

    def terminate(self) -> None:
        if not self._has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGTERM)

    def show_stacks(self) -> None:
        """Makes the rank write the Python stack of every thread to its standard error, even when it hangs."""
        if not self._has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, SHOW_STACKS)

    def kill(self) -> None:
        """Ends the rank and all it started."""
        if not self._has_ended:
            kill_tree(self.pid)

    async def _read(self, descriptor: int) -> asyncio.StreamReader:
        reader = asyncio.StreamReader(limit=LARGEST_RECORD)
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        self._records, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        return reader

    async def _pump_output(self, stream: str) -> None:
        async for texts in self._outputs[stream].texts():
            await self._sink(self.spec.rank, self._output_records(stream, texts))

    async def _pump_records(self, reader: asyncio.StreamReader) -> None:
        while line := await _next_line(reader):
            record = parse_record(line)
            if record is not None:
                # What was printed before a number is told stands before it, although output waits to be collected.
                printed = [
                    each
                    for stream, pipe in self._outputs.items()
                    for each in self._output_records(stream, pipe.take())
                ]
                await self._sink(self.spec.rank, [*printed, record])

    def _output_records(self, stream: str, texts: list[str]) -> list[Record]:
        return [{"type": "output", "rank": self.spec.rank, "stream": stream, "text": text} for text in texts]


async def _next_line(reader: asyncio.StreamReader) -> bytes:
    """The next line; one that is too long to be a record is passed over."""
    while True:
        try:
            return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError as error:
            await reader.readexactly(error.consumed)
