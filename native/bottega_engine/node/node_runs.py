"""The runs of one node: lays out their folders, runs their ranks, and says how they end."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from bottega_engine.environments import EnvironmentFailed
from bottega_engine.node.forking_process import ZygoteFailed
from bottega_engine.node.keeper_record import KEEPER
from bottega_engine.node.launch import Launch
from bottega_engine.node.live_run import LiveRun, RunEnd
from bottega_engine.node.rank_environment import rank_specs
from bottega_engine.node.rank_process import Record
from bottega_engine.node.run_environments import RunEnvironments
from bottega_engine.node.starts import Starts
from bottega_engine.node.work_folders import WorkFolders
from bottega_engine.store import Blobs, InvalidTree

RecordSink = Callable[[str, list[Record]], Awaitable[None]]
FetchBlob = Callable[[str], Awaitable[bytes]]


class NodeRuns:
    """`sink` gets (run id, records) of all ranks, each record with its `rank`. `fetch` brings a blob this node lacks."""

    def __init__(
        self,
        data: Path,
        starts: Starts,
        environments: RunEnvironments,
        sink: RecordSink,
        fetch: FetchBlob | None = None,
    ) -> None:
        self._runs_dir = data / "runs"
        self._blobs = Blobs(data / "blobs")
        # Who must fetch blobs may share the disk with keepers of other nodes.
        self._work_folders = WorkFolders(data / "next-work" if fetch is None else None, self._blobs)
        self._starts = starts
        self._environments = environments
        self._sink = sink
        self._fetch = fetch
        self._live: dict[str, LiveRun] = {}

    async def run(self, launch: Launch) -> RunEnd:
        """Runs it to its end, which is never an exception."""
        live = self._live[launch.run_id] = LiveRun()
        try:
            await self._lay_out(launch)
            return await self._carry(launch, live) or RunEnd("stopped", "stopped before it started")
        except InvalidTree as error:
            return RunEnd("failed", f"The project folder did not arrive whole: {error}")
        except EnvironmentFailed as error:
            return RunEnd("failed", f"The packages it needs could not be installed. {error}")
        except ZygoteFailed as error:
            return RunEnd("failed", f"No process could be started for the run. {error}")
        except OSError as error:
            return RunEnd("failed", f"The run's folder could not be made: {error.strerror or error}.")
        finally:
            del self._live[launch.run_id]

    async def stop(self, run_id: str, grace_seconds: float) -> None:
        if live := self._live.get(run_id):
            await live.stop(grace_seconds)

    async def change(self, run_id: str, values: dict[str, Any]) -> None:
        """One that finds no process any more is told in the log."""
        live = self._live.get(run_id)
        if live is not None and live.change(values):
            return
        message = f"{', '.join(values)}: the change was not applied, the processes of the run are not there."
        await self._sink(run_id, [{"type": "notice", "level": "warning", "message": message, "rank": KEEPER}])

    def profile(self, run_id: str, steps: int) -> None:
        if live := self._live.get(run_id):
            live.say(f"profile {steps}")

    def live(self) -> list[LiveRun]:
        return list(self._live.values())

    def kill_all(self) -> None:
        for live in self._live.values():
            live.kill()

    async def _carry(self, launch: Launch, live: LiveRun) -> RunEnd | None:
        """From what it needs to its end; None when it was stopped before its ranks were there."""
        work = self._runs_dir / launch.run_id / "work"
        asked_ms = launch.sent_ms

        async def say(said: Record) -> None:
            nonlocal asked_ms
            if said["type"] == "phase":
                # The fork is asked for when this is over.
                asked_ms = said["started"] + said["duration_ms"]
            await self._sink(launch.run_id, [{**said, "rank": KEEPER}])

        overlay = await live.unless_stopped(self._environments.prepare(launch.config, work, say))
        async with self._environments.zygotes(overlay) as own_zygotes:
            start = await live.unless_stopped(self._starts.choose(launch, work, say, own_zygotes))
            if start is None:
                return None
            specs = [
                msgspec.structs.replace(spec, base_key=start.base_key, sent_ms=asked_ms)
                for spec in rank_specs(launch, work, self._runs_dir, overlay)
            ]
            return await live.carry(specs, start, lambda records: self._sink(launch.run_id, records))

    async def _lay_out(self, launch: Launch) -> None:
        folder = self._runs_dir / launch.run_id
        work = folder / "work"
        if self._fetch is not None:
            wanted = {entry["blob"] for entry in launch.tree["entries"] if entry["type"] == "file"}
            for digest in self._blobs.missing(wanted):
                self._blobs.add(await self._fetch(digest))
        if work.exists():
            shutil.rmtree(work)
        await self._work_folders.lay_out(launch.tree, work)
        (folder / "output").mkdir(parents=True, exist_ok=True)
