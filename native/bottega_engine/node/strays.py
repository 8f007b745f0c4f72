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
from collections.abc import Collection, Iterable

from bottega_engine.node.process_table import Process, Trees, children_of

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
DEADLINE_S = 5.0
"""A process that the kernel cannot end (a dead network disk) is not waited for longer."""
MOST_ROUNDS = 50
"""Of looking for what came in between; each is faster than what forks, as only that is read."""

_libc = ctypes.CDLL(None)


def adopt_orphans() -> None:
    """Makes this process the subreaper of its descendants."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends; an exec keeps that."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_tree(pid: int) -> None:
    """Kills a living rank and all its descendants."""
    kill_trees([pid])


def kill_trees(roots: Iterable[int]) -> None:
    """Stops all first, so that nothing starts while the others are killed; then kills them.

    A signal to a process group reaches what is being forked into it as well, so one that multiplies does not get away.
    """
    trees = Trees(roots)
    stopped = set[int]()
    for _ in range(MOST_ROUNDS):
        members = [process for tree in trees.look().values() for process in tree]
        fresh = [process for process in members if process.pid not in stopped]
        if not fresh:
            break
        _signal(fresh, signal.SIGSTOP)
        stopped |= {process.pid for process in fresh}
    _signal(members, signal.SIGKILL)


async def kill_strays(living: Collection[int]) -> None:
    """Kills and reaps what ended ranks left to this process; `living` are the ranks that go on."""
    deadline = time.monotonic() + DEADLINE_S
    while strays := _strays(living):
        kill_trees(strays)
        for pid in strays:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.01)


def _strays(living: Collection[int]) -> list[int]:
    session = os.getsid(0)
    return [
        child.pid
        for child in children_of(os.getpid())
        if child.session != session and child.pid not in living
    ]


def _signal(processes: list[Process], number: signal.Signals) -> None:
    # A rank that has only just been forked is still in the group of its zygote.
    for group in {process.group for process in processes} - {os.getpgrp()}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
