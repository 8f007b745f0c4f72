"""The ranks of one run on this node: forked together, stopped together, and one end for all."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from bottega_engine.node.keeper_record import KEEPER
from bottega_engine.node.rank_process import RankProcess, Record
from bottega_engine.node.rank_spec import RankSpec
from bottega_engine.node.starts import Start

T = TypeVar("T")
STACKS_S = 1.0
"""A rank that hangs has so long to write where."""
OTHERS_GRACE_S = 3.0
"""When one rank failed, the others wait for it in vain; this long they may still say why they ended."""


class RunEnd(msgspec.Struct, frozen=True):
    """How a run ended here. `state` is done, failed or stopped."""

    state: str
    reason: str
    exit_code: int | None = None


class LastWords(msgspec.Struct, frozen=True):
    """How a rank says that it ends."""

    state: Literal["failed", "stopped"]
    reason: str


def change_command(values: dict[str, Any]) -> str:
    return f"change {json.dumps(values)}"


def last_words_of(record: Record) -> LastWords | None:
    """None for what a script made up."""
    try:
        return msgspec.convert(record, LastWords)
    except msgspec.ValidationError:
        return None


class LiveRun:
    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._ranks: list[RankProcess] = []
        self._early_changes: list[dict[str, Any]] = []
        """Asked for before there was a process to tell."""
        self._last_words: dict[int, LastWords] = {}
        self._over = asyncio.Event()
        self._kind = ""
        self._ended_because = ""
        self._heard = time.monotonic()
        self.memory_limit_bytes: int | None = None
        """Of each rank."""
        self.stall_s = math.inf

    @property
    def pids(self) -> list[int]:
        """The ranks, as long as the run goes on."""
        return [] if self._over.is_set() else [rank.pid for rank in self._ranks]

    @property
    def silent_s(self) -> float:
        """How long no rank has said anything."""
        return time.monotonic() - self._heard

    @property
    def is_ended_by_guard(self) -> bool:
        return bool(self._ended_because)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    async def unless_stopped(self, preparation: Coroutine[Any, Any, T]) -> T | None:
        """What a part of the preparation answers; None as soon as the run is asked to stop."""
        preparing = asyncio.create_task(preparation)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({preparing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return None if self.is_stopping else preparing.result()
        finally:
            for task in (preparing, stopping):
                task.cancel()

    async def carry(
        self, specs: list[RankSpec], start: Start, sink: Callable[[list[Record]], Awaitable[None]]
    ) -> RunEnd:
        """From the fork to the end. `sink` gets records with their `rank`, which is KEEPER for what no rank said."""

        async def take(rank: int, records: list[Record]) -> None:
            for record in records:
                if record["type"] == "base_damaged":
                    start.renew()
                elif record["type"] == "end" and (said := last_words_of(record)) is not None:
                    self._last_words[rank] = said
            told = [record for record in records if record["type"] not in ("end", "base_damaged")]
            await sink([{**record, "rank": rank} for record in told])
            # While the engine is behind, the rank waits for it: that is no silence.
            self._heard = time.monotonic()

        config = specs[0].config
        self._kind = config["kind"]
        self.stall_s = config.get("stall_minutes", math.inf) * 60
        if (gib := config["resources"].get("memory_gib_per_rank")) is not None:
            self.memory_limit_bytes = int(gib * 1024**3)
        self._heard = time.monotonic()
        oom_kills = count_oom_kills()
        endings: list[asyncio.Task[int]] = []
        try:
            for spec in specs:
                rank = RankProcess(spec, start, take)
                await rank.start()
                self._ranks.append(rank)
                if rank is self._ranks[0]:
                    for values in self._early_changes:
                        rank.say(change_command(values))
                endings.append(asyncio.create_task(rank.ended()))
            if self.is_stopping:
                # Asked while the processes were being made.
                self._ask_to_end()
            await sink([{"type": "start", "level": start.level, "reason": start.reason, "rank": KEEPER}])
            first = await self._first_to_fail(endings)
            await asyncio.gather(*endings)
        except BaseException:
            self.kill()
            await asyncio.gather(*endings, return_exceptions=True)
            raise
        finally:
            self._over.set()
        codes = [ending.result() for ending in endings]
        return self._end(codes, first, count_oom_kills() > oom_kills)

    async def _first_to_fail(self, endings: list[asyncio.Task[int]]) -> int:
        """The rank that ended badly first, and the others ended after it; rank 0 when all went well."""
        pending = set(endings)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            bad = [number for number, ending in enumerate(endings) if ending in done and ending.result() != 0]
            if bad:
                if pending:
                    await asyncio.wait(pending, timeout=OTHERS_GRACE_S)
                    self.kill()
                return min(bad, key=lambda number: number not in self._last_words)
        return 0

    def _end(self, codes: list[int], first: int, ran_out_of_memory: bool) -> RunEnd:
        said = self._last_words.get(first)
        code = codes[first]
        if self._ended_because:
            return RunEnd("failed", self._ended_because)
        if code == 0 and not (self.is_stopping and self._kind == "script"):
            return RunEnd("done", "", 0)
        if said is not None and said.state == "stopped":
            return RunEnd("stopped", said.reason, code)
        if self.is_stopping:
            killed = code == -signal.SIGKILL
            return RunEnd(
                "stopped", "did not end when it was asked to, and was killed" if killed else "", code
            )
        where = f"rank {first}: " if len(codes) > 1 else ""
        if said is not None:
            return RunEnd("failed", where + said.reason, code)
        return RunEnd("failed", reason_of_exit(code, first, ran_out_of_memory), code)

    async def stop(self, grace_seconds: float) -> None:
        """Asks, then kills. A second call can only make it faster."""
        self._stopping.set()
        self._ask_to_end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), grace_seconds)
        self.kill()

    def _ask_to_end(self) -> None:
        self.say("stop")
        if self._kind == "script":
            for rank in self._ranks:
                rank.terminate()

    def end_because(self, reason: str) -> None:
        """Kills it at once."""
        self._ended_because = self._ended_because or reason
        self.kill()

    def end_stalled(self) -> None:
        """Lets every rank show where it hangs, then kills it."""
        minutes = self.stall_s / 60
        self._ended_because = (
            f"The run was ended: it said nothing for {minutes:g} minute{'' if minutes == 1 else 's'} "
            "(stall_minutes). The end of its output shows where it hung."
        )
        for rank in self._ranks:
            rank.show_stacks()
        asyncio.get_running_loop().call_later(STACKS_S, self.kill)

    def change(self, values: dict[str, Any]) -> bool:
        """Tells rank 0, which tells the others, as soon as it is there. False when it is over."""
        if self._over.is_set():
            return False
        if self._ranks:
            self._ranks[0].say(change_command(values))
        else:
            self._early_changes.append(values)
        return True

    def say(self, command: str) -> None:
        for rank in self._ranks:
            rank.say(command)

    def kill(self) -> None:
        for rank in self._ranks:
            rank.kill()


def reason_of_exit(code: int, rank: int, ran_out_of_memory: bool) -> str:
    if code >= 0:
        return f"rank {rank} ended with exit code {code}"
    name = signal.Signals(-code).name
    if name == "SIGKILL" and ran_out_of_memory:
        return f"rank {rank} was killed because the node ran out of memory. Use smaller batches or sequences."
    return f"rank {rank} was killed by {name}"


def count_oom_kills() -> int:
    """How often the kernel has killed a process for memory since this node started; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
