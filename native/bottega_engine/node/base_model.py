"""Which base model a run begins from, by content: a run that finds the same one in memory need not load it."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from bottega_engine.node.launch import Launch

HOW = "float32, not quantised, a copy on each rank"
LIBRARIES = ("torch", "transformers", "safetensors", "tokenizers")
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


class BaseModel(msgspec.Struct, frozen=True):
    """`key` is its content, `label` what a person calls it, `size_bytes` about what it takes in memory.

    `name`, `revision` and `work_dir` say where the run that asks first has it.
    """

    key: str
    label: str
    size_bytes: int
    name: str
    revision: str | None
    work_dir: str


@dataclass(frozen=True)
class _File:
    """`content` is the digest where it is known, and otherwise what changes whenever somebody writes the file."""

    path: str
    content: str
    size_bytes: int


def base_of(launch: Launch, work_dir: Path) -> BaseModel | None:
    """None when the run has none that can be kept: a script, all weights from a checkpoint, a model that is not there."""
    config = launch.config
    if config["kind"] != "finetune" or (config["method"] == "full" and config.get("resume_from_checkpoint")):
        return None
    name = config["model"]
    try:
        folder = (work_dir / Path(name).expanduser()).resolve()
        if (folder / "config.json").is_file():
            files = _files_in(folder, work_dir.resolve(), _blobs_of(launch))
            return BaseModel(_key(files), name, _size_of(files), name, None, str(work_dir))
        if (snapshot := _snapshot(name, config.get("revision") or "main")) is not None:
            files = [_File(name, snapshot.name, 0), *_files_in(snapshot, snapshot, {})]
            label = f"{name} (revision {snapshot.name[:8]})"
            return BaseModel(_key(files), label, _size_of(files), name, snapshot.name, str(work_dir))
    except OSError:
        # The run itself says what is wrong with its model.
        return None
    return None


def _key(files: list[_File]) -> str:
    return hashlib.sha256(repr([HOW, _versions(), files]).encode()).hexdigest()


def _size_of(files: list[_File]) -> int:
    return sum(file.size_bytes for file in files if file.path.endswith(WEIGHTS))


def _blobs_of(launch: Launch) -> dict[str, str]:
    return {entry["path"]: entry["blob"] for entry in launch.tree["entries"] if entry["type"] == "file"}


def _files_in(folder: Path, root: Path, blobs: dict[str, str]) -> list[_File]:
    """All files below a folder. `blobs` are digests by the path from `root`."""
    files = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            facts = path.stat()
            content = f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"
            if path.is_relative_to(root):
                content = blobs.get(path.relative_to(root).as_posix(), content)
            files.append(_File(path.relative_to(folder).as_posix(), content, facts.st_size))
    return sorted(files, key=lambda file: file.path)


def _snapshot(name: str, revision: str) -> Path | None:
    """The folder of a hub model in the cache of this machine; None when it has not been fetched yet."""
    if not HUB_ID.fullmatch(name) or ".." in revision:
        return None
    folder = _hub_cache() / f"models--{name.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text("ascii").strip() if reference.is_file() else revision
    snapshot = folder / "snapshots" / commit
    return snapshot if (snapshot / "config.json").is_file() else None


def _hub_cache() -> Path:
    """Where huggingface_hub keeps models; importing it would take longer than all the rest here."""
    environment = os.environ
    cache_home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    home = environment.get("HF_HOME") or f"{cache_home}/huggingface"
    return Path(environment.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


@cache
def _versions() -> list[str]:
    return [f"{name} {_version(name)}" for name in LIBRARIES]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def encode(base: BaseModel) -> bytes:
    return msgspec.json.encode(base)


def decode(data: bytes) -> BaseModel:
    return msgspec.json.decode(data, type=BaseModel)
