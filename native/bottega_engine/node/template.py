"""A template: forked from the zygote, loads a base model, and then forks ranks that have it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from bottega_engine.finetune import base as bases
from bottega_engine.node import base_model, rank_spec
from bottega_engine.node.fork_server import ForkServer, freeze, threads
from bottega_engine.rank_context import RunFailed

OOM_SCORE = "300"
"""When memory runs out the kernel takes ranks first, then a template, then the zygote."""


def run_template(base_descriptor: int, channel_descriptor: int) -> NoReturn:
    """Becomes the template of the base model in the first descriptor; never returns."""
    with os.fdopen(base_descriptor, "rb") as file:
        file.seek(0)
        base = base_model.decode(file.read())
    server = ForkServer(socket.socket(fileno=channel_descriptor), _prepare)
    Path("/proc/self/comm").write_text("bottega-base")
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    try:
        size_bytes = bases.load(base.key, base.name, base.revision, Path(base.work_dir))
    except Exception as error:
        server.say(
            {"failed": error.message if isinstance(error, RunFailed) else f"{type(error).__name__}: {error}"}
        )
        os._exit(1)
    if len(names := threads()) != 1:
        server.say({"failed": f"Loading it has left threads: {', '.join(names)}."})
        os._exit(1)
    server.serve(size_bytes=size_bytes)
    os._exit(0)


def _prepare(spec_descriptor: int) -> None:
    size = os.fstat(spec_descriptor).st_size
    if bases.prepare(rank_spec.decode(os.pread(spec_descriptor, size, 0)).config):
        freeze()
