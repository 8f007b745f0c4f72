"""A process that forks others on request, over one end of a SOCK_SEQPACKET pair; its keeper holds the other.

What it is asked, one datagram each, with descriptors:

    fork        spec (a memfd), stdout, stderr, records, control     a rank
    template    base model (a memfd), channel                        a process like this one, with a base model in memory
    ping

It answers in JSON: `{"ready": true, …}` once, then for each request `{"forked": pid}`, `{"refused": reason}` or
`{"pong": threads}`, and `{"exited": pid, "status": …}` for each child.

A child says itself that it was forked, before all else. When this process is killed in the middle of a fork, the keeper
has heard of the child, or there is none: a rank that nobody knows would run beside the one that is made in its place.

It has one thread, always: a fork of a process that ever ran a threaded operation hangs in its first matmul.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

MOST_DESCRIPTORS = 5


class ForkServer:
    """`before_rank` is called with the descriptor of the spec before each rank is forked."""

    def __init__(self, channel: socket.socket, before_rank: Callable[[int], None] = lambda _: None) -> None:
        self._channel = channel
        self._before_rank = before_rank
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._children: dict[int, int] = {}
        """Process id of a child by its pidfd."""

    def serve(self, **about: object) -> None:
        """Forks until the keeper is gone; then nobody can say how a rank ends, so none is left."""
        freeze()
        self.say({"ready": True, **about})
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._children:
                    self._reap(descriptor)
                elif not self._receive():
                    self._kill_all()
                    return

    def say(self, message: dict[str, object]) -> None:
        # The keeper is gone: the next poll says so.
        with contextlib.suppress(ConnectionError):
            self._channel.send(json.dumps(message).encode())

    def _receive(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._channel, 64, MOST_DESCRIPTORS)
        except ConnectionError:
            return False
        if not message:
            return False
        if message == b"ping":
            self.say({"pong": len(threads())})
            return True
        try:
            self._fork(message, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, what: bytes, descriptors: list[int]) -> None:
        if what == b"fork":
            self._before_rank(descriptors[0])
        if len(names := threads()) != 1:
            self.say({"refused": f"It has more than one thread: {', '.join(names)}."})
            return
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            self._become(what, descriptors, tell)
        os.close(tell)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._poll.register(pidfd, select.POLLIN)
        # The next answer is not to come before the one of the child.
        has_told = os.read(told, 1)
        os.close(told)
        if not has_told:
            self._reap(pidfd)

    def _become(self, what: bytes, descriptors: list[int], tell: int) -> None:
        try:
            # Not `say`: without a keeper that hears it there is nothing to do for this process.
            self._channel.send(json.dumps({"forked": os.getpid()}).encode())
            os.write(tell, b"1")
            os.close(tell)
            self._channel.close()
            for pidfd in self._children:
                os.close(pidfd)
            if what == b"template":
                from bottega_engine.node.template import run_template

                run_template(*descriptors)
            else:
                from bottega_engine.node.rank import run_rank

                run_rank(descriptors)
        except BaseException:
            traceback.print_exc()
        finally:
            # Whatever happens, the child never goes on as a second server of this channel.
            os._exit(70)

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        os.close(pidfd)
        pid = self._children.pop(pidfd)
        _, status = os.waitpid(pid, 0)
        self.say({"exited": pid, "status": os.waitstatus_to_exitcode(status)})

    def _kill_all(self) -> None:
        for pid in self._children.values():
            # Each rank leads its own process group; a template does not, and hears itself that the keeper is gone.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def freeze() -> None:
    """Objects that live now are never looked at by the collector again, so forks share their pages."""
    gc.collect()
    gc.freeze()


def threads() -> list[str]:
    """The names of the threads of this process."""
    return [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
