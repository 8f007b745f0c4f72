from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from bottega.agent import read_address
from bottega_schema import API_VERSION

from .conftest import Jupyter, wait_for


def test_the_handshake_names_all_versions(jupyter: Jupyter) -> None:
    info = jupyter.ask("info").json()
    assert (info["server_version"], info["api_version"]) == ("0.1.0", API_VERSION)
    assert info["agent"]["name"] == "bottega-agent"
    assert Path(info["root"]).is_absolute()
    assert "error" not in info


def test_two_servers_share_one_agent(
    jupyter: Jupyter, start_jupyter: Callable[..., Jupyter], home: Path
) -> None:
    second = start_jupyter(home)
    assert second.agent_pid() == jupyter.agent_pid() != 0
    second.stop()
    assert jupyter.agent_pid() != 0


def test_an_agent_that_was_killed_comes_back_though_nobody_asks(jupyter: Jupyter, home: Path) -> None:
    killed = jupyter.agent_pid()
    os.kill(killed, signal.SIGKILL)

    def successor() -> bool:
        address = read_address(home)
        return address is not None and address.pid != killed

    wait_for(successor)
    assert jupyter.agent_pid() not in (0, killed)


def test_a_request_right_after_a_kill_is_answered(jupyter: Jupyter) -> None:
    os.kill(jupyter.agent_pid(), signal.SIGKILL)
    assert jupyter.ask("agent/v1/clusters").status == 200


def test_an_agent_that_ended_by_itself_is_started_by_the_next_request(jupyter: Jupyter, home: Path) -> None:
    ended = jupyter.agent_pid()
    os.kill(ended, signal.SIGTERM)
    wait_for(lambda: read_address(home) is None)
    assert jupyter.agent_pid() not in (0, ended)


def test_an_agent_that_cannot_start_is_a_readable_error_at_once(
    start_jupyter: Callable[..., Jupyter], tmp_path: Path
) -> None:
    broken = start_jupyter(tmp_path / "broken", STAND_IN_FAILS="1")
    started = time.monotonic()
    info = broken.ask("info").json()
    assert time.monotonic() - started < 10
    assert info["agent"] is None
    assert info["error"]["code"] == "agent_unreachable"
    assert "told to fail" in info["error"]["details"]
    tunnelled = broken.ask("agent/v1/clusters")
    assert (tunnelled.status, tunnelled.json()["code"]) == (502, "agent_unreachable")


def test_an_agent_of_another_api_version_is_named(
    start_jupyter: Callable[..., Jupyter], tmp_path: Path
) -> None:
    server = start_jupyter(tmp_path / "home", STAND_IN_API_VERSION="42")
    info = server.ask("info").json()
    assert (info["agent"]["api_version"], info["error"]["code"]) == (42, "version_mismatch")


def test_the_agent_outlives_the_server(start_jupyter: Callable[..., Jupyter], tmp_path: Path) -> None:
    server = start_jupyter(tmp_path / "home")
    pid = server.agent_pid()
    server.stop()
    os.kill(pid, 0)
