"""What templates may take is a part of what the node has, which in a container is less than its machine."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest

from bottega_engine.node import templates as node_templates
from bottega_engine.node.base_model import BaseModel
from bottega_engine.node.forking_process import ForkingProcess
from bottega_engine.node.memory import Memory
from bottega_engine.node.templates import Room, Template, TemplateFailed, Templates
from bottega_engine.node.zygotes import Zygotes


def base(size_bytes: int) -> BaseModel:
    return BaseModel("key", "models/one", size_bytes, "models/one", None, "/")


@pytest.fixture
async def templates() -> AsyncIterator[Templates]:
    """One is idle and takes 200 bytes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = ForkingProcess(ours)
        templates = Templates(Zygotes(lambda _: None), lambda: None, Room(0.3, 600))
        templates._ready["key"] = Template(base(200), process, lambda: None, 200)
        yield templates
        process.close()


@pytest.mark.parametrize(
    ("memory", "kept"),
    [(Memory(1000, 500), 1), (Memory(1000, 99), 0), (Memory(600, 500), 0)],
    ids=["enough", "scarce", "a smaller part"],
)
async def test_an_idle_base_gives_way_to_the_limit_of_the_container(
    templates: Templates, monkeypatch: pytest.MonkeyPatch, memory: Memory, kept: int
) -> None:
    monkeypatch.setattr(node_templates, "node_memory", lambda: memory)
    templates.give_way()
    assert len(templates.all()) == kept


async def test_a_base_that_is_too_large_for_the_container_is_not_made(
    templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> None:
    gib = 1024**3
    monkeypatch.setattr(node_templates, "node_memory", lambda: Memory(4 * gib, 4 * gib))
    with pytest.raises(
        TemplateFailed, match=r"models/one takes 2.0 GiB, more than the 1.2 GiB that may stay in memory"
    ):
        await templates._make(base(2 * gib))
