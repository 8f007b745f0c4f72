"""The keeper's side of a process that forks others (see fork_server): asks it for ranks and hears how they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

Forked = tuple[int, asyncio.Future[int]]
"""A process id, and the exit code to come (negative for a signal; ConnectionError when its parent is gone)."""

FORK_TIMEOUT_S = 20.0
PING_TIMEOUT_S = 20.0


class ZygoteFailed(Exception):
    """No rank can be forked, and why."""


class Refused(Exception):
    """It has become unable to fork, and why."""


class Forker(Protocol):
    """Who makes ranks. `living` are the ranks of this node that have not ended, whoever made them."""

    living: set[int]

    async def fork(self, descriptors: list[int]) -> Forked:
        """A new rank from the descriptors of its spec, streams, records and control. Raises ZygoteFailed."""
        ...


class ForkingProcess:
    """Owns one end of the channel. `lost` is called once, when the process has ended or left the channel."""

    def __init__(self, channel: socket.socket, lost: Callable[[], None] = lambda: None) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._answers: list[asyncio.Future[Any]] = []
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._is_retired = False
        self.is_closed = False
        self.forks = 0
        self._loop.add_reader(channel, self._receive)

    @property
    def children(self) -> int:
        """How many that it forked have not ended."""
        return len(self._exits)

    async def ready(self, timeout_s: float) -> dict[str, Any]:
        """What it says of itself once it can fork. Raises Refused (it could not prepare), ConnectionError, TimeoutError."""
        return await asyncio.wait_for(asyncio.shield(self._ready), timeout_s)

    async def fork(self, descriptors: list[int], what: bytes = b"fork") -> Forked:
        """Raises Refused and ConnectionError, and TimeoutError when it hangs."""
        forked: Forked = await asyncio.wait_for(self._ask(what, descriptors), FORK_TIMEOUT_S)
        self.forks += 1
        return forked

    async def threads(self) -> int:
        """How many threads it has. Raises ConnectionError, and TimeoutError when it hangs."""
        return await asyncio.wait_for(self._ask(b"ping", []), PING_TIMEOUT_S)

    def retire(self) -> None:
        """Nothing is asked of it any more; it ends when its children have ended."""
        self._is_retired = True
        if not self._exits:
            self.close()

    def close(self) -> None:
        """Without its keeper it kills its ranks and ends."""
        self._lose("It was ended.")
        self._channel.close()

    async def _ask(self, what: bytes, descriptors: list[int]) -> Any:
        if self.is_closed:
            raise ConnectionError("It has ended.")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._answers.append(answer)
        try:
            socket.send_fds(self._channel, [what], descriptors)
        except OSError as error:
            self._answers.remove(answer)
            raise ConnectionError(f"It cannot be asked: {error.strerror}.") from error
        return await answer

    def _receive(self) -> None:
        try:
            message = self._channel.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            message = b""
        if not message:
            self._lose("It has ended.")
            return
        said = json.loads(message)
        if "ready" in said:
            self._ready.set_result(said)
        elif "failed" in said:
            self._ready.set_exception(Refused(said["failed"]))
        elif "exited" in said:
            self._hear_exit(said["exited"], said["status"])
        elif "refused" in said:
            _settle_with(self._answers.pop(0), Refused(said["refused"]))
        elif "pong" in said:
            _settle(self._answers.pop(0), said["pong"])
        else:
            self._hear_fork(said["forked"])

    def _hear_fork(self, pid: int) -> None:
        self._exits[pid] = self._loop.create_future()
        answer = self._answers.pop(0)
        if answer.done():
            # It came too late: another one was made in its place.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _settle(answer, (pid, self._exits[pid]))

    def _hear_exit(self, pid: int, status: int) -> None:
        if pid in self._exits:
            _settle(self._exits.pop(pid), status)
        else:
            _settle_with(self._answers.pop(0), Refused("What it forked was killed before it could say so."))
        if self._is_retired and not self._exits:
            self.close()

    def _lose(self, reason: str) -> None:
        """Nobody is there to say how the children end: whoever waits for that hears it, and looks by itself."""
        if self.is_closed:
            return
        self.is_closed = True
        self._loop.remove_reader(self._channel)
        for waiting in [self._ready, *self._answers, *self._exits.values()]:
            _settle_with(waiting, ConnectionError(reason))
        self._exits.clear()
        self._lost()


def _settle(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _settle_with(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Not everybody waits for the answer any more.
        future.exception()


async def exit_code_of(pid: int, exit_code: asyncio.Future[int]) -> int:
    """The exit code of a forked process, negative for a signal, even when its parent dies before it.

    Its keeper is its parent then (PR_SET_CHILD_SUBREAPER).
    """
    with suppress(ConnectionError):
        return await asyncio.shield(exit_code)
    loop = asyncio.get_running_loop()
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return -signal.SIGKILL
    over: asyncio.Future[None] = loop.create_future()
    loop.add_reader(pidfd, _settle, over, None)
    try:
        await over
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        # Its parent reaped it in its last moment and did not get to say so.
        return -signal.SIGKILL
    return os.waitstatus_to_exitcode(status)
