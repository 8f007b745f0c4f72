"""Makes the shards that are still missing in a process beside the training, which has the processors first."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Sequence
from contextlib import suppress

from bottega_engine.finetune.tokens.documents import Documents

LOWEST_PRIORITY = 19
NOT_KEPT = 3
"""Exit code when the cache cannot be written."""
PARALLEL = "TOKENIZERS_PARALLELISM"


class Making:
    """A fork of this process: it has the rows and the tokenizer, and takes no interpreter lock from the training.

    It ends with the `with` block: what is whole by then stays, the next run goes on from there.
    """

    def __init__(self, sources: Sequence[Documents]) -> None:
        self._sources = sources
        self._pid: int | None = None
        self.failed = False
        """Whether the cache could not be written."""

    def __enter__(self) -> Making:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self.failed = os.WIFEXITED(status) and os.WEXITSTATUS(status) == NOT_KEPT

    def start(self, first: Sequence[int]) -> None:
        """`first` are the shards of the first source that are needed next, in this order."""
        missing = [(source, source.missing()) for source in self._sources if source.can_be_kept]
        if missing:
            turns = {shard: turn for turn, shard in enumerate(first)}
            missing[0][1].sort(key=lambda shard: turns.get(shard, len(turns)))
        if any(numbers for _, numbers in missing):
            self._pid = _forked(missing)


def _forked(missing: list[tuple[Documents, list[int]]]) -> int:
    parallel = os.environ.get(PARALLEL)
    # Said before the fork: otherwise the tokenizers library warns in the log that it is forked.
    os.environ[PARALLEL] = "false"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _make(missing)
        return pid
    finally:
        if parallel is None:
            del os.environ[PARALLEL]
        else:
            os.environ[PARALLEL] = parallel


def _make(missing: list[tuple[Documents, list[int]]]) -> None:
    """The child's whole life."""
    code = 1
    try:
        # What it might print belongs into no log: the training meets the same row, and says what is wrong with it.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.nice(LOWEST_PRIORITY)
        # The scheduler gives a woken thread of the training the processor of such a process as if it were idle.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        code = 0
        for documents, numbers in missing:
            for number in numbers:
                documents.make([number])
                if not documents.can_be_kept:
                    code = NOT_KEPT
                    return
    finally:
        os._exit(code)
