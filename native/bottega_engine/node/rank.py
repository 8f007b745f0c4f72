"""A rank, from the fork to its exit: the process in which a run's training function or script runs."""

from __future__ import annotations

import atexit
import faulthandler
import json
import linecache
import os
import resource
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from bottega_engine.node import project_modules
from bottega_engine.node.control import ControlPipe
from bottega_engine.node.project_modules import ProjectModules
from bottega_engine.node.rank_spec import RankSpec, decode
from bottega_engine.node.strays import adopt_orphans
from bottega_engine.rank_context import RankContext, RunFailed, RunStopped
from bottega_engine.reporting import RECORD_FD, emit_record

OOM_SCORE = "600"
"""The kernel takes a rank before the zygote, the keeper or Ray when memory runs out."""

SHOW_STACKS = signal.SIGURG
"""Ignored by a program that does not know it."""

DONE, FAILED, STOPPED = 0, 1, 3


def run_rank(descriptors: list[int]) -> NoReturn:
    """Becomes the rank that the spec in the first descriptor describes; never returns."""
    os.setsid()
    adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    spec_descriptor, stdout, stderr, records, control = descriptors
    with os.fdopen(spec_descriptor, "rb") as file:
        file.seek(0)
        spec = decode(file.read())
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    _redirect_input()
    # Written by the signal handler itself, so also when native code never lets go of the interpreter.
    faulthandler.register(SHOW_STACKS, file=2, all_threads=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _set_environment(spec, records)
    _leave(_end_of(spec, lambda: _run(spec, ControlPipe(control))))


def _leave(code: int) -> NoReturn:
    """As an interpreter ends, up to the point where it would take apart the libraries of the zygote, which is slow."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _run(spec: RankSpec, control: ControlPipe) -> None:
    control.watch()
    _set_process(spec)
    work = _work_of(spec, control)
    now_ms = time.time() * 1000
    emit_record(
        {"type": "phase", "name": "fork", "started": spec.sent_ms, "duration_ms": now_ms - spec.sent_ms}
    )
    work()


def _work_of(spec: RankSpec, control: ControlPipe) -> Callable[[], None]:
    """Imports what it needs, which a forked process has and a cold one has not."""
    modules = ProjectModules(spec.work, emit_record if spec.rank == 0 else None)
    modules.install()
    if spec.config["kind"] == "script":
        from bottega_engine.node.script import run_script

        return lambda: run_script(spec, modules)
    from bottega_engine.finetune import train

    return lambda: train(spec.config, context_of(spec, control))


def context_of(spec: RankSpec, control: ControlPipe) -> RankContext:
    return RankContext(
        run_id=spec.run_id,
        rank=spec.rank,
        world_size=spec.world_size,
        local_rank=spec.rank,
        work_dir=Path(spec.work_dir),
        output_dir=Path(spec.output_dir),
        runs_dir=Path(spec.runs_dir),
        emit=emit_record,
        control=control,
        tokens_dir=Path(spec.runs_dir).parent / "tokens",
        base_key=spec.base_key,
    )


def _redirect_input() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _set_environment(spec: RankSpec, records: int) -> None:
    os.set_inheritable(records, True)
    os.environ.update(spec.environment)
    os.environ[RECORD_FD] = str(records)
    os.chdir(spec.work_dir)
    first = [spec.work_dir, *([spec.overlay] if spec.overlay else [])]
    sys.path[:] = [*first, *(entry for entry in sys.path if entry not in ("", *first))]
    sys.argv = [spec.work_dir]
    # Two edits within one second would find the bytecode of the first.
    sys.dont_write_bytecode = True
    linecache.clearcache()
    # A library that starts its workers by spawn runs __main__ again: that must not be the zygote.
    sys.modules["__main__"] = types.ModuleType("__main__")
    # The zygote's own streams may have been files, which can seek; these are pipes.
    sys.stdout, sys.stderr = (
        open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )


def _set_process(spec: RankSpec) -> None:
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    with suppress(OSError):
        Path("/proc/self/comm").write_text(f"rank{spec.rank} {spec.run_id}"[:15])
    if spec.config["kind"] == "script" and "torch" not in sys.modules:
        # A cold script imports what it needs itself.
        return
    import random

    import numpy as np
    import torch

    torch.set_num_threads(spec.threads)
    torch.set_num_interop_threads(spec.threads)
    share_gpu(spec.config["resources"]["gpus_per_rank"], torch.cuda)
    # Forks would otherwise all draw the same numbers.
    random.seed()
    np.random.seed()
    torch.seed()


def share_gpu(share: float, cuda: Any) -> None:
    """Limits this process to its share of the memory of a GPU that others use as well.

    Torch does that when the process first uses a GPU: one that never does, or leaves it to its children, starts none.
    """
    if 0 < share < 1:
        cuda._lazy_call(lambda: cuda.set_per_process_memory_fraction(share))


def _end_of(spec: RankSpec, work: Callable[[], None]) -> int:
    """Runs the work and says how it ended, in one last record."""
    try:
        work()
    except RunStopped as stopped:
        return _say_end("stopped", str(stopped), STOPPED)
    except RunFailed as failed:
        if failed.__cause__ is not None and _is_own(failed.__cause__, spec.work):
            _print_traceback(failed.__cause__, spec)
        return _say_end("failed", str(failed), FAILED)
    except SystemExit as exit_:
        return _exit_code(exit_)
    except KeyboardInterrupt:
        return _say_end("stopped", "interrupted", STOPPED)
    except BaseException as error:
        _print_traceback(error, spec)
        return _say_end("failed", reason_of(error, spec.work), FAILED)
    return DONE


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return DONE
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return _say_end("failed", str(error.code), FAILED)


def _say_end(state: str, reason: str, code: int) -> int:
    # A full disk or a keeper that is gone: the exit code still tells the state.
    with suppress(OSError):
        emit_record({"type": "end", "state": state, "reason": reason[:2000]})
    return code


def reason_of(error: BaseException, work_dir: Path) -> str:
    """One line: the exception, and where in the person's own files it came from."""
    text = f"{type(error).__name__}: {error}".strip().rstrip(":")
    if isinstance(error, MemoryError) or "out of memory" in text.lower():
        text = f"Out of memory. {text}"
    if isinstance(error, SyntaxError):
        return text
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(work_dir)
    ]
    if not own:
        return text
    return f"{text} ({Path(own[-1].filename).relative_to(work_dir)} line {own[-1].lineno})"


def _is_own(error: BaseException, work_dir: Path) -> bool:
    """Whether the error is one of the person's code; a syntax error has no frame there."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, SyntaxError) or any(
        Path(frame.filename).is_relative_to(work_dir) for frame in frames
    )


def _print_traceback(error: BaseException, spec: RankSpec) -> None:
    """From the person's first line on; all of it when the error is none of theirs."""
    tail = error.__traceback__
    first = tail
    while first is not None and not Path(first.tb_frame.f_code.co_filename).is_relative_to(spec.work):
        first = first.tb_next
    shown = traceback.TracebackException.from_exception(error.with_traceback(first or tail))
    whole: traceback.TracebackException | None = shown
    while whole is not None:
        # What imports the project's modules stands between two lines of the person's.
        whole.stack[:] = [frame for frame in whole.stack if frame.filename != project_modules.__file__]
        whole = whole.__cause__ or whole.__context__
    print("".join(shown.format()), end="", file=sys.stderr)


def parse_record(line: bytes) -> dict[str, Any] | None:
    """A record as a rank wrote it; None when a script wrote something else to that descriptor."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("type"), str) else None
