"""uv as a process beside the keeper: at low priority, what it says line by line, its own words when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bottega_engine.environments.failure import EnvironmentFailed

TIMEOUT_S = 20 * 60.0
LONGEST_REASON = 1500
NOT_FOR_UV = {"PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"}
CHATTER = (
    "Using Python ",
    "Using CPython ",
    "warning: Failed to hardlink",
    "If the cache and target",
    "Would ",
)

Say = Callable[[str], Awaitable[None]]


def uv_command() -> list[str]:
    """Raises EnvironmentFailed."""
    beside = Path(sys.executable).parent / "uv"
    if beside.is_file():
        return [str(beside)]
    if importlib.util.find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    raise EnvironmentFailed(
        "dependencies need uv on the node, and it is not there. Install it in the cluster's environment: pip install uv."
    )


@dataclass(frozen=True)
class Uv:
    """Works in `folder`. It holds `lock` as long as it lives, so that nobody works there meanwhile even if we are killed."""

    folder: Path
    lock: int
    say: Say

    async def pip(self, arguments: list[str]) -> list[str]:
        """The lines that `uv pip <arguments>` writes. Raises EnvironmentFailed. Killed when this is cancelled."""
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", "10", *uv_command(), "pip", *arguments),
            cwd=self.folder,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[self.lock],
            process_group=0,
        )
        lines: list[str] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                assert process.stderr is not None
                async for line in process.stderr:
                    lines.append(line.decode(errors="replace").rstrip())
                    if lines[-1] and not lines[-1].startswith((" ", "error:", *CHATTER)):
                        await self.say(lines[-1])
                code = await process.wait()
        except TimeoutError:
            said = f" It said: {lines[-1]}" if lines else ""
            raise EnvironmentFailed(f"uv did not end within {TIMEOUT_S / 60:g} minutes.{said}") from None
        finally:
            await _end(process)
        if code != 0:
            raise EnvironmentFailed(reason_of(lines, code))
        return lines


def reason_of(lines: list[str], code: int) -> str:
    """uv's own sentences, without its drawing."""
    starts = [number for number, line in enumerate(lines) if line.startswith("error:") or "×" in line]
    said = lines[starts[0] :] if starts else lines[-5:]
    text = " ".join(re.sub(r"^(?:error|cause):\s*|[×╰─▶│├]", "", line.strip()).strip() for line in said)
    text = re.sub(r"\s+", " ", text).strip()
    return text[:LONGEST_REASON] or f"uv ended with code {code}"


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_FOR_UV and not name.startswith(("RAY_", "BOTTEGA_"))
    }
    return {**kept, "NO_COLOR": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
