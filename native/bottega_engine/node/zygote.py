"""The zygote: a process with every library imported that forks the ranks of runs.

    python -m bottega_engine.node.zygote <descriptor>

The descriptor is one end of a SOCK_SEQPACKET pair; the keeper holds the other. It sends one datagram for each rank,
with five descriptors: the spec (a memfd), stdout, stderr, records and control. The zygote answers with JSON:
`{"ready": true}`, `{"forked": pid}`, `{"exited": pid, "status": …}`, `{"refused": reason}`.

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
import sys
import traceback
from pathlib import Path

from bottega_engine.node.preload import preload

DESCRIPTORS = 5


class Zygote:
    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._children: dict[int, int] = {}
        """Process id of a rank by its pidfd."""

    def serve(self) -> None:
        """Forks until the keeper is gone; then nobody can say how a rank ends, so none is left."""
        self._say({"ready": True})
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._children:
                    self._reap(descriptor)
                elif not self._receive():
                    self._kill_all()
                    return

    def _receive(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._channel, 64, DESCRIPTORS)
        except ConnectionError:
            return False
        if not message:
            return False
        try:
            self._fork(descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, descriptors: list[int]) -> None:
        threads = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
        if len(threads) != 1:
            self._say({"refused": f"The zygote has more than one thread: {', '.join(threads)}."})
            return
        pid = os.fork()
        if pid == 0:
            self._become_rank(descriptors)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._poll.register(pidfd, select.POLLIN)
        self._say({"forked": pid})

    def _become_rank(self, descriptors: list[int]) -> None:
        try:
            self._channel.close()
            for pidfd in self._children:
                os.close(pidfd)
            from bottega_engine.node.rank import run_rank

            run_rank(descriptors)
        except BaseException:
            traceback.print_exc()
        finally:
            # Whatever happens, the child never goes on as a second zygote.
            os._exit(70)

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        os.close(pidfd)
        pid = self._children.pop(pidfd)
        _, status = os.waitpid(pid, 0)
        self._say({"exited": pid, "status": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, object]) -> None:
        # The keeper is gone: the next poll says so.
        with contextlib.suppress(ConnectionError):
            self._channel.send(json.dumps(message).encode())

    def _kill_all(self) -> None:
        for pid in self._children.values():
            # Each rank leads its own process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Path("/proc/self/comm").write_text("bottega-zygote")
    preload()
    gc.collect()
    # Objects that live now are never looked at by the collector again, so forks share their pages.
    gc.freeze()
    Zygote(channel).serve()
    # Taking the libraries apart would take longer than they are worth, and print what they leak.
    os._exit(0)


if __name__ == "__main__":
    main()
