from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import bottega
from bottega.agent import read_address

STAND_IN = Path(__file__).parents[3] / "stand-in/agent.mjs"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty BOTTEGA_HOME; whatever agent is started in it ends with the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BOTTEGA_HOME", str(folder))
    monkeypatch.setenv("BOTTEGA_AGENT_MAIN", str(STAND_IN))
    yield folder
    if address := read_address(folder):
        os.kill(address.pid, signal.SIGTERM)


@pytest.fixture
def client(home: Path) -> bottega.Client:
    connected = bottega.connect()
    connected.up("local")
    return connected
