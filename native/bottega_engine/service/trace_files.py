"""Traces of a run as Arrow streams, indexed in a process of their own so that the engine stays quick."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from bottega_engine.service.errors import EngineError, not_found
from bottega_engine.service.files import inner_file
from bottega_engine.service.run import Run

INDEX_TIMEOUT_S = 300.0
CHUNK_BYTES = 256 * 1024
_indexing = asyncio.Semaphore(2)


async def traces_response(request: web.Request, run: Run, name: str) -> web.StreamResponse:
    """All ranks of a recording, one Arrow IPC stream after another, in order of rank."""
    paths = [inner_file(run.output, path) for path in trace_paths(run, name)]
    if not paths:
        raise not_found(f"trace {name} of run {run.id}")
    indexes = [await _index(path) for path in paths]
    response = web.StreamResponse(headers={"Content-Type": "application/vnd.apache.arrow.stream"})
    response.content_length = sum(index.stat().st_size for index in indexes)
    await response.prepare(request)
    for index in indexes:
        with index.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                await response.write(chunk)
    await response.write_eof()
    return response


def trace_paths(run: Run, name: str) -> list[str]:
    """Paths of the recording's files, by the trace events of the log."""
    found: dict[int, str] = {}
    first = 1
    while page := run.log.read(first):
        for event in page:
            if event["type"] == "trace" and event["name"] == name:
                found[event["rank"]] = event["path"]
        first = page[-1]["seq"] + 1
    return [found[rank] for rank in sorted(found)]


async def _index(trace: Path) -> Path:
    async with _indexing:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bottega_engine.traces", str(trace)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), INDEX_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            message = f"The trace was not read within {INDEX_TIMEOUT_S:g} seconds."
            raise EngineError("engine_failed", message, "Record fewer steps.") from None
    if process.returncode != 0:
        details = errors.decode("utf-8", "replace")
        raise EngineError("engine_failed", "The trace cannot be read.", details=details[-2000:])
    return Path(output.decode().strip())
