"""The environments of one node: `<data>/environments/<digest>/`, each made once and never changed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bottega_engine.environments.failure import EnvironmentFailed
from bottega_engine.environments.overlay import MANIFEST, SITE, Manifest, Overlay, read_manifest
from bottega_engine.environments.requirements import Requirements
from bottega_engine.environments.uv import Say, Uv
from bottega_engine.store.cache_folder import LABEL, mark_used

LOCK_TIMEOUT_S = 25 * 60.0
"""Longer than uv may take."""


class Environments:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self, requirements: Requirements, say: Say) -> tuple[Overlay | None, bool]:
        """The environment, None when the base has everything; and whether it had to be waited for.

        `say` is called only then, with what happens. Raises EnvironmentFailed, and OSError for a disk that is full.
        """
        digest = await asyncio.to_thread(digest_of, requirements)
        target = self._folder / digest
        manifest = read_manifest(target)
        was_there = manifest is not None
        if manifest is None:
            await say("The packages that the run needs are being installed.")
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            async with _locked(_lock_of(target), say) as lock:
                manifest = read_manifest(target) or await self._make(requirements, target, lock, say)
        mark_used(target)
        return (Overlay(target, manifest) if manifest.added else None), not was_there

    async def _make(self, requirements: Requirements, target: Path, lock: int, say: Say) -> Manifest:
        part = target.with_suffix(".part")
        await asyncio.to_thread(self._remove_leftovers, target, part)
        part.mkdir(mode=0o700)
        try:
            manifest = await _install(requirements, part, Uv(part, lock, say))
            (part / LABEL).write_text(", ".join(manifest.added) or "nothing besides the base environment")
            (part / MANIFEST).write_bytes(msgspec.json.encode(manifest))
            await asyncio.to_thread(_flush, part)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return manifest

    def _remove_leftovers(self, *own: Path) -> None:
        """What keepers left that were killed: a lock that is free says that nobody is at it now."""
        for path in own:
            shutil.rmtree(path, ignore_errors=True)
        for part in self._folder.glob("*.part"):
            descriptor = os.open(_lock_of(part), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(part, ignore_errors=True)
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)


async def _install(requirements: Requirements, part: Path, uv: Uv) -> Manifest:
    """Asks uv what is missing in the base, whose versions stay where they fit, and installs that beside it."""
    wanted = _written(part / "wanted.txt", requirements.lines)
    bounds = _written(part / "bounds.txt", requirements.constraints)
    base = ["--python", sys.executable]
    dry = ["--dry-run", "--break-system-packages"]
    plan = await uv.pip(["install", *dry, *base, *_of("-r", wanted), *_of("-c", bounds)])
    added = [line[3:] for line in plan if line.startswith((" + ", " ~ "))]
    replaced = [line[3:] for line in plan if line.startswith(" - ")]
    if added:
        missing = _written(part / "missing.txt", added)
        hashes = _written(part / "hashes.txt", [line for line in requirements.lines if "--hash" in line])
        into = ["--no-deps", "--target", SITE, "--compile-bytecode"]
        await uv.pip(["install", *into, *base, *_of("-r", missing), *_of("-c", hashes)])
    names = [re.sub(r" @ .*/(.*)", r" (\1)", line) for line in added]
    return Manifest(names, replaced, requirements.text)


def _written(path: Path, lines: Sequence[str]) -> Path | None:
    if not lines:
        return None
    path.write_text("\n".join(lines) + "\n")
    return path


def _of(option: str, file: Path | None) -> list[str]:
    return [option, file.name] if file else []


def digest_of(requirements: Requirements) -> str:
    return hashlib.sha256(f"{base_fingerprint()}\n{requirements.text}".encode()).hexdigest()[:32]


def base_fingerprint() -> str:
    """The interpreter, and the distributions it finds: their folders are named by name and version."""
    found = {
        info.name for entry in sys.path if Path(entry).is_dir() for info in Path(entry).glob("*.dist-info")
    }
    return "\n".join(
        [platform.python_implementation(), platform.python_version(), platform.machine(), *sorted(found)]
    )


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")


@asynccontextmanager
async def _locked(path: Path, say: Say) -> AsyncIterator[int]:
    """Holds the lock, and gives its descriptor. Raises EnvironmentFailed when another one holds it too long."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await say("Another run installs the same dependencies; this one waits for it.")
            await _wait_for(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


async def _wait_for(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    locked: asyncio.Future[None] = loop.create_future()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, locked)

    # A thread of its own, which the end of the keeper does not wait for.
    threading.Thread(target=wait, name="bottega-environment", daemon=True).start()
    try:
        await asyncio.wait_for(locked, LOCK_TIMEOUT_S)
    except TimeoutError:
        raise EnvironmentFailed(
            "Another run has been installing the same dependencies for too long."
        ) from None


def _settle(locked: asyncio.Future[None]) -> None:
    if not locked.done():
        locked.set_result(None)
