"""Templates of a node: made when a run first wants one, kept while there is room, the least recently used given up first.

An idle template holds no seat: only memory, and that only as long as nobody else needs it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bottega_engine.node.base_model import BaseModel, encode
from bottega_engine.node.forking_process import (
    Forked,
    ForkingProcess,
    Refused,
    ZygoteFailed,
    exit_code_of,
)
from bottega_engine.node.memory import node_memory
from bottega_engine.node.zygotes import Zygotes

MAKE_TIMEOUT_S = 900.0
LOOK_EVERY_S = 5.0
RETRY_S = 60.0
"""What could not be prepared is not tried again for so long: each try costs a run its time."""
SCARCE = 0.1
"""Below this part of the node's memory, idle templates go."""


class TemplateFailed(Exception):
    """It could not be prepared, and why."""


@dataclass(frozen=True)
class Room:
    """`memory` is the part of the node's memory that all templates together may take, `idle_s` how long one may wait."""

    memory: float
    idle_s: float

    @property
    def bytes(self) -> int:
        return int(node_memory().total_bytes * self.memory)


@dataclass(eq=False)
class Template:
    """A process that forks ranks which have its base model. Times are seconds of the Unix epoch."""

    base: BaseModel
    process: ForkingProcess
    changed: Callable[[], None]
    size_bytes: int = 0
    made: float = field(default_factory=time.time)
    last_used: float = field(default_factory=time.time)

    @property
    def is_needed(self) -> bool:
        return self.process.children > 0

    async def fork(self, descriptors: list[int]) -> Forked:
        """Raises Refused, ConnectionError and TimeoutError."""
        self.last_used = time.time()
        forked = await self.process.fork(descriptors)
        self._touch()
        forked[1].add_done_callback(lambda _: self._touch())
        return forked

    def _touch(self) -> None:
        self.last_used = time.time()
        self.changed()


class Templates:
    """`changed` is called whenever another set is in memory, or one of it is used in another way."""

    def __init__(self, zygotes: Zygotes, changed: Callable[[], None], room: Room) -> None:
        self._zygotes = zygotes
        self._changed = changed
        self._room = room
        self._ready: dict[str, Template] = {}
        self._making: dict[str, asyncio.Task[Template]] = {}
        self._failures: dict[str, tuple[float, str]] = {}
        self._reaping: set[asyncio.Task[int]] = set()

    def all(self) -> list[Template]:
        return list(self._ready.values())

    def find(self, base: BaseModel) -> Template | None:
        """The template that is ready now."""
        return self._ready.get(base.key)

    async def make(self, base: BaseModel) -> Template:
        """The template of a base model, made once for all who want it. Raises TemplateFailed."""
        if (template := self.find(base)) is not None:
            return template
        failed_at, reason = self._failures.get(base.key, (0.0, ""))
        if time.monotonic() - failed_at < RETRY_S and reason:
            raise TemplateFailed(reason)
        making = self._making.get(base.key)
        if making is None:
            making = self._making[base.key] = asyncio.create_task(self._make(base))
            making.add_done_callback(lambda done: self._settle(base, done))
        # The others go on waiting when one of them is stopped.
        return await asyncio.shield(making)

    def drop(self, key: str) -> None:
        if (template := self._ready.get(key)) is not None:
            self.give_up(template)

    def give_up(self, template: Template) -> None:
        """It forks no more, and ends when the runs that it forked have ended."""
        template.process.retire()
        if self._ready.get(template.base.key) is template:
            del self._ready[template.base.key]
            self._changed()

    async def keep(self) -> None:
        """Lets idle templates give way, for ever; cancel it to end them all."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self.give_way()
        finally:
            for making in self._making.values():
                making.cancel()
            for template in self._ready.values():
                template.process.close()

    def give_way(self) -> None:
        """Drops what has waited too long, and the least recently used while memory is scarce or the room is exceeded."""
        for template in self._idle():
            if time.time() - template.last_used > self._room.idle_s:
                self.give_up(template)
        memory = node_memory()
        missing = int(memory.total_bytes * SCARCE) - memory.available_bytes
        self._free(max(missing, self._used() - self._room.bytes))

    async def _make(self, base: BaseModel) -> Template:
        size = base.size_bytes
        if size > self._room.bytes:
            raise TemplateFailed(
                f"{base.label} takes {_gib(size)}, more than the {_gib(self._room.bytes)} that may stay in memory"
            )
        self._free(self._used() + size - self._room.bytes)
        try:
            process, pid, exit_code = await self._start(base)
        except (ZygoteFailed, OSError) as error:
            raise TemplateFailed(str(error)) from error
        reaping = asyncio.create_task(exit_code_of(pid, exit_code))
        self._reaping.add(reaping)
        reaping.add_done_callback(self._reaping.discard)
        try:
            said = await process.ready(MAKE_TIMEOUT_S)
        except BaseException as error:
            process.close()
            match error:
                case Refused():
                    raise TemplateFailed(str(error)) from error
                case ConnectionError():
                    raise TemplateFailed(f"loading {base.label} ended a process") from error
                case TimeoutError():
                    raise TemplateFailed(f"loading {base.label} took too long") from error
            raise
        return Template(base, process, self._changed, max(size, said["size_bytes"]))

    async def _start(self, base: BaseModel) -> tuple[ForkingProcess, int, asyncio.Future[int]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        spec = os.memfd_create("bottega-template")
        try:
            os.write(spec, encode(base))
            pid, exit_code = await self._zygotes.ask(b"template", [spec, theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(spec)
            theirs.close()
        return ForkingProcess(ours, lambda: self._lost(base.key)), pid, exit_code

    def _settle(self, base: BaseModel, making: asyncio.Task[Template]) -> None:
        del self._making[base.key]
        if making.cancelled():
            return
        if (error := making.exception()) is not None:
            self._failures[base.key] = (time.monotonic(), str(error))
            return
        self._failures.pop(base.key, None)
        template = making.result()
        if not template.process.is_closed:
            self._ready[base.key] = template
            self._free(self._used() - self._room.bytes, spare=template)
            self._changed()

    def _lost(self, key: str) -> None:
        template = self._ready.get(key)
        if template is not None and template.process.is_closed:
            del self._ready[key]
            self._changed()

    def _used(self) -> int:
        return sum(template.size_bytes for template in self._ready.values())

    def _idle(self) -> list[Template]:
        """Least recently used first."""
        idle = [template for template in self._ready.values() if not template.is_needed]
        return sorted(idle, key=lambda template: template.last_used)

    def _free(self, wanted_bytes: int, spare: Template | None = None) -> None:
        for template in self._idle():
            if wanted_bytes <= 0:
                return
            if template is not spare:
                self.give_up(template)
                wanted_bytes -= template.size_bytes


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 1024**3:.1f} GiB"
