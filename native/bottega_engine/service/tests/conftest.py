"""One Ray cluster and one engine for all tests of the service; projects with a tiny model made here."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bottega_engine.finetune.tests.conftest import byte_tokenizer, text_rows, tiny_llama
from bottega_engine.service.tests.engine_process import EngineClient, EngineProcess
from bottega_engine.service.tests.ray_cluster import RayCluster, ray_cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for Ray and the libraries, and the machine may be busy."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster(cpus=2) as started:
        yield started


@pytest.fixture(scope="session")
def engine(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess(cluster, tmp_path_factory.mktemp("engine") / "data")
    yield process
    process.stop()


@pytest.fixture
async def client(engine: EngineProcess) -> AsyncIterator[EngineClient]:
    async with engine.client() as client:
        yield client


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-model")
    tiny_llama().save_pretrained(folder)
    byte_tokenizer(bos_token="<s>", eos_token="</s>", pad_token="<pad>").save_pretrained(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path, tiny_model_folder: Path) -> Path:
    """A folder with `models/tiny`, `data/train.jsonl` (64 rows) and `hooks.py` with a loss and a hook."""
    folder = tmp_path / "project"
    shutil.copytree(tiny_model_folder, folder / "models" / "tiny")
    (folder / "data").mkdir()
    (folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in text_rows(64)))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty project folder, for scripts."""
    path = tmp_path / "scripts"
    path.mkdir()
    return path


def finetune_config(**changes: Any) -> dict[str, Any]:
    """As a person writes it: no defaults."""
    return {
        "kind": "finetune",
        "model": "models/tiny",
        "method": "lora",
        "data": {"train": "data/train.jsonl", "max_length": 64},
        "max_steps": 4,
        **changes,
    }


def script_config(command: str | list[str], **changes: Any) -> dict[str, Any]:
    return {"kind": "script", "command": command, **changes}
