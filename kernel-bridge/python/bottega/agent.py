"""Finds the agent of a home folder, and starts it when there is none. Standard library only: servers import this."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from bottega_schema import API_VERSION

from .errors import BottegaError
from .unix_http import request_json

START_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 2.0
CHECK_EVERY_S = 0.04
LEAST_NODE = (22, 19)
REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class AgentAddress:
    """Where an agent is: the path of its unix socket, its process id and its versions."""

    socket: str
    pid: int
    version: str
    api_version: int


def default_home() -> Path:
    return Path(os.environ.get("BOTTEGA_HOME") or Path.home() / ".bottega").resolve()


def find_agent(home: Path) -> AgentAddress | None:
    """The agent of this home, when one is there and answers."""
    address = read_address(home)
    return address if address is not None and agent_info(address) is not None else None


def read_address(home: Path) -> AgentAddress | None:
    try:
        written = json.loads((home / "agent.json").read_text("utf-8"))
        return AgentAddress(*(written[key] for key in ("socket", "pid", "version", "api_version")))
    except (FileNotFoundError, ValueError, KeyError):
        # Not there, or half written by an agent that was killed in that moment: the same as no agent.
        return None


def agent_info(address: AgentAddress) -> dict[str, Any] | None:
    try:
        info: dict[str, Any] = request_json(address.socket, "GET", "/v1/info", timeout_s=ANSWER_TIMEOUT_S)
    except (OSError, HTTPException, BottegaError, ValueError):
        return None
    return info if info.get("name") == "bottega-agent" else None


def start_agent(home: Path, timeout_s: float = START_TIMEOUT_S) -> AgentAddress:
    """Starts an agent that outlives this process, and waits until it answers.

    A second start for the same home is harmless: the second agent sees the first and ends.
    Raises BottegaError with code `agent_unreachable` and the end of its log.
    """
    main = Path(os.environ.get("BOTTEGA_AGENT_MAIN") or REPOSITORY / "cluster-agent/lib/main.js")
    if not main.exists():
        raise start_failed("The program of the agent is missing.", "Build it with npm run build.", str(main))
    node = find_node()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    python = os.environ.get("BOTTEGA_PYTHON") or sys.executable
    log = os.open(home / "agent-start.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            [node, str(main), "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, "BOTTEGA_HOME": str(home), "BOTTEGA_PYTHON": python},
            start_new_session=True,
        )
    except OSError as error:
        raise start_failed("The agent could not be started.", None, f"{node}: {error}") from error
    finally:
        os.close(log)
    return wait_for_agent(home, process, timeout_s)


def wait_for_agent(home: Path, process: subprocess.Popen[bytes], timeout_s: float) -> AgentAddress:
    hint = f"Its log is {home / 'agent.log'}."
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if address := find_agent(home):
            return address
        # An agent that ends with 0 found another one that is coming up.
        if process.poll():
            message = f"The agent ended with code {process.returncode} while it started."
            raise start_failed(message, hint, log_tail(home))
        time.sleep(CHECK_EVERY_S)
    raise start_failed(f"The agent did not answer within {timeout_s:g} seconds.", hint, log_tail(home))


def check_version(api_version: int, version: str, pid: int) -> None:
    if api_version == API_VERSION:
        return
    raise BottegaError(
        "version_mismatch",
        f"The running agent ({version}) speaks version {api_version} of its API, this package version {API_VERSION}.",
        f"Stop the agent (process {pid}) and try again; clusters and runs go on meanwhile.",
    )


def find_node() -> str:
    """The first Node that is new enough: BOTTEGA_NODE, the project's own, the one on PATH."""
    own = REPOSITORY / "node_modules/.bin/node"
    candidates = [os.environ.get("BOTTEGA_NODE"), str(own) if own.exists() else None, shutil.which("node")]
    found = []
    for candidate in filter(None, candidates):
        version = node_version(candidate)
        if version >= LEAST_NODE:
            return candidate
        found.append(f"{candidate}: {'.'.join(map(str, version)) or 'does not run'}")
    needed = ".".join(map(str, LEAST_NODE))
    hint = "Install it, or name one in the environment variable BOTTEGA_NODE."
    raise start_failed(f"The agent needs Node {needed} or newer.", hint, "\n".join(found))


def node_version(node: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=5, check=True)
        return tuple(int(part) for part in said.stdout.strip().lstrip("v").split("."))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def log_tail(home: Path) -> str:
    logs = [home / "agent-start.log", home / "agent.log"]
    return "\n".join(log.read_text("utf-8", "replace")[-4000:] for log in logs if log.exists())


def start_failed(message: str, hint: str | None, details: str) -> BottegaError:
    return BottegaError("agent_unreachable", message, hint, details=details)
