"""A real Ray cluster for tests: its own folder, loopback only, with a token, and stopped without touching others."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 3
"""One start in ten fails because somebody else took a port in between."""
START_S = 120
STOP_S = 2.0


@dataclass(frozen=True)
class RayCluster:
    """`environment` is what a driver of the cluster needs."""

    folder: Path
    environment: dict[str, str]


@contextlib.contextmanager
def ray_cluster(cpus: int) -> Iterator[RayCluster]:
    # Socket paths have a limit of about a hundred characters: the folder must have a short name.
    folder = Path(tempfile.mkdtemp(prefix="bt-"))
    try:
        for attempt in range(1, ATTEMPTS + 1):
            started = _start(folder / str(attempt), cpus)
            if isinstance(started, RayCluster):
                break
            assert attempt < ATTEMPTS, started
        try:
            yield started
        finally:
            _stop(started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, cpus: int) -> RayCluster | str:
    """The cluster, or what Ray said when it did not start."""
    folder.mkdir()
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTEST_"))
    }
    environment = {
        **inherited,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
    }
    command = [
        *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--node-ip-address=127.0.0.1"),
        *(f"--port={_free_port()}", f"--ray-client-server-port={_free_port()}", f"--num-cpus={cpus}"),
        *("--num-gpus=0", "--include-dashboard=false", "--dashboard-agent-listen-port=0"),
        *("--min-worker-port=0", "--max-worker-port=0", "--object-store-memory=100000000"),
        f"--temp-dir={folder / 'ray'}",
    ]
    log = folder / "start.log"
    with log.open("wb") as output:
        start = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        start.wait(START_S)
    except subprocess.TimeoutExpired:
        start.kill()
        _end_session(start.pid)
        return f"ray start did not end within {START_S} seconds: {log.read_text(errors='replace')}"
    except BaseException:
        _end_session(start.pid)
        raise
    address = folder / "ray" / "ray_current_cluster"
    if start.returncode != 0 or not address.exists():
        _end_session(start.pid)
        return log.read_text(errors="replace")
    environment |= {"RAY_ADDRESS": address.read_text().strip(), "BOTTEGA_TEST_SESSION": str(start.pid)}
    return RayCluster(folder, environment)


def _stop(cluster: RayCluster) -> None:
    _end_session(int(cluster.environment["BOTTEGA_TEST_SESSION"]))


def _end_session(session: int) -> None:
    """Ends every process of one session: `ray stop` would end the clusters of everybody on this machine."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _members(session):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + STOP_S
        while _members(session) and time.monotonic() < deadline:
            time.sleep(0.05)


def _members(session: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                if os.getsid(int(entry.name)) == session:
                    members.append(int(entry.name))
    return members


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
