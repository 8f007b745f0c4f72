from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websocket

from bottega.agent import read_address

REPOSITORY = Path(__file__).resolve().parents[4]
STAND_IN = REPOSITORY / "kernel-bridge/stand-in/agent.mjs"
BASE_URL = "/user/ada/"


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Jupyter:
    """A real Jupyter server in a process of its own, with only this extension, under a base URL as a hub has it."""

    process: subprocess.Popen[bytes]
    port: int
    token: str
    home: Path
    log: Path

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{BASE_URL}bottega/{path}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        with_token: bool = True,
    ) -> Answer:
        token = {"Authorization": f"token {self.token}"} if with_token else {}
        request = urllib.request.Request(
            self.address(path), data=body, method=method, headers={**token, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def open_socket(
        self, path: str, with_token: bool = True, origin: str | None = None, cookie: str | None = None
    ) -> websocket.WebSocket:
        return websocket.create_connection(
            self.address(path).replace("http", "ws", 1),
            header=[f"Authorization: token {self.token}"] if with_token else [],
            origin=origin or f"http://127.0.0.1:{self.port}",
            cookie=cookie,
            timeout=20,
        )

    def agent_pid(self) -> int:
        agent = self.ask("info").json()["agent"]
        return int(agent["pid"]) if agent else 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], timeout_s: float = 20) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("the condition did not come true")


@pytest.fixture(scope="module")
def start_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Jupyter]]:
    """Starts servers; all of them, and their agents, end with the module."""
    servers: list[Jupyter] = []

    def start(home: Path, **environment: str) -> Jupyter:
        scratch = tmp_path_factory.mktemp("jupyter")
        port, token = free_port(), secrets.token_hex(16)
        log = scratch / "server.log"
        isolated = {
            name: str(scratch / name.lower())
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        }
        options = {
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "IdentityProvider.token": token,
            "ServerApp.base_url": BASE_URL,
            "ServerApp.root_dir": scratch,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.jpserver_extensions": "{'bottega_lab': True}",
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_server"),
                    *(f"--{name}={value}" for name, value in options.items()),
                ],
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **isolated,
                    "BOTTEGA_HOME": str(home),
                    "BOTTEGA_AGENT_MAIN": str(STAND_IN),
                    **environment,
                },
            )
        server = Jupyter(process, port, token, home, log)
        servers.append(server)
        wait_for(lambda: is_open(port))
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()
        if address := read_address(server.home):
            os.kill(address.pid, signal.SIGTERM)
            (server.home / "agent.json").unlink(missing_ok=True)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def jupyter(start_jupyter: Callable[..., Jupyter], home: Path) -> Jupyter:
    return start_jupyter(home)
