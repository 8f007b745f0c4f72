"""What a keeper makes of the answers of a process that forks, whenever they come."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bottega_engine.node import forking_process
from bottega_engine.node.forking_process import ForkingProcess


@pytest.fixture
def late() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


async def test_a_fork_that_is_told_too_late_is_killed_and_the_next_answer_is_the_next_ones(
    late: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking_process, "FORK_TIMEOUT_S", 0.05)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = ForkingProcess(ours)
    with theirs:
        with pytest.raises(TimeoutError):
            await process.fork([])
        for answer in ({"forked": late.pid}, {"exited": late.pid, "status": -signal.SIGKILL}, {"pong": 3}):
            theirs.send(json.dumps(answer).encode())
        assert await process.threads() == 3
        assert late.wait(10) == -signal.SIGKILL
        assert process.children == 0
        process.close()
