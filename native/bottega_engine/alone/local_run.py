"""One run on this machine, with a zygote of its own; its log is kept like that of any run."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bottega_engine.alone.terminal import show
from bottega_engine.environments import EnvironmentFailed, Environments, Overlay, read_requirements
from bottega_engine.node.forking_process import ZygoteFailed
from bottega_engine.node.launch import Launch
from bottega_engine.node.live_run import LiveRun, RunEnd
from bottega_engine.node.rank_environment import rank_specs
from bottega_engine.node.rank_process import Record
from bottega_engine.node.starts import Start
from bottega_engine.node.strays import adopt_orphans
from bottega_engine.node.zygotes import Zygotes
from bottega_engine.service.records import record_of
from bottega_engine.service.run import Run

GRACE_S = 30.0
STOPPED = 130
NO_TREE = {"digest": "", "entries": []}
"""The project folder is used as it is, not copied."""


async def run_here(name: str, config: dict[str, Any], folder: Path, data: Path) -> int:
    """Runs it to its end, shows what happens, and answers the exit code for a shell."""
    adopt_orphans()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    submit = {"name": name, "config": config, "tree": NO_TREE, "phases": []}
    run = Run.create(data / "runs" / run_id, submit)
    run.output.mkdir()
    shown = 0

    def show_new() -> None:
        nonlocal shown
        for event in run.log.read(shown + 1):
            show(event, run.kind)
            shown = event["seq"]

    async def take(records: list[Record]) -> None:
        checked = [(said["rank"], record_of(said)) for said in records]
        run.take([(rank, record) for rank, record in checked if record is not None])
        show_new()

    print(f"run {run_id} in {run.folder}; libraries are loading", file=sys.stderr)
    keeping: asyncio.Task[None] | None = None
    try:
        overlay = await _packages(config, folder, data)
        zygotes = Zygotes(lambda _: None, overlay=str(overlay.site) if overlay else "")
        keeping = asyncio.create_task(zygotes.keep())
        await zygotes.wait_until_ready()
        launch = Launch(run_id, config, NO_TREE, [], "", time.time() * 1000)
        run.set_state("starting")
        live = LiveRun()
        _stop_on_interrupt(live)
        start = Start("forked", "A run without a cluster has processes of its own.", zygotes)
        end = await live.carry(rank_specs(launch, folder, data / "runs", overlay), start, take)
    except EnvironmentFailed as error:
        end = RunEnd("failed", f"The packages it needs could not be installed. {error}", 1)
    except ZygoteFailed as error:
        end = RunEnd("failed", f"No process could be started for the run. {error}", 1)
    finally:
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    run.end(end.state, end.reason, end.exit_code)
    show_new()
    return exit_code_of(end)


async def _packages(config: dict[str, Any], folder: Path, data: Path) -> Overlay | None:
    """What the run needs besides what is installed. Raises EnvironmentFailed."""
    if (requirements := read_requirements(config, folder)) is None:
        return None

    async def say(line: str) -> None:
        print(line, file=sys.stderr)

    overlay, _ = await Environments(data / "environments").prepare(requirements, say)
    return overlay


def exit_code_of(end: RunEnd) -> int:
    if end.state == "done":
        return 0
    if end.state == "stopped":
        return STOPPED
    code = 1 if end.exit_code is None else end.exit_code
    return 128 - code if code < 0 else code


def _stop_on_interrupt(live: LiveRun) -> None:
    """Ctrl+C asks the run to stop; a second one kills it."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        if stopping:
            live.kill()
            return
        print(f"stopping; {GRACE_S:g} seconds to save, Ctrl+C again to kill", file=sys.stderr)
        stopping.append(loop.create_task(live.stop(GRACE_S)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
