"""The end of everything a rank started, whatever it did to get away.

A rank is the subreaper of its descendants, and its keeper is the subreaper of all ranks: a process that its parent
left behind becomes a child of the rank while that lives, and of the keeper afterwards. So no process is ever lost:
a child of the keeper in another session is a living rank (when its zygote died), or belongs to a rank that has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Collection

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
DEADLINE_S = 5.0
"""A process that the kernel cannot end (a dead network disk) is not waited for longer."""

_libc = ctypes.CDLL(None)


def adopt_orphans() -> None:
    """Makes this process the subreaper of its descendants."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends; an exec keeps that."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_tree(pid: int) -> None:
    """Kills a living rank and all its descendants."""
    with contextlib.suppress(ProcessLookupError):
        # Stopped, it starts nothing new while the others are killed.
        os.kill(pid, signal.SIGSTOP)
    for process in _descendants(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for end in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)


async def kill_strays(living: Collection[int]) -> None:
    """Kills and reaps what ended ranks left to this process; `living` are the ranks that go on."""
    deadline = time.monotonic() + DEADLINE_S
    while strays := _strays(living):
        for pid in strays:
            kill_tree(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.01)


def _strays(living: Collection[int]) -> list[int]:
    strays = []
    for child in psutil.Process().children():
        with contextlib.suppress(ProcessLookupError):
            if child.pid not in living and os.getsid(child.pid) != os.getsid(0):
                strays.append(child.pid)
    return strays


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
