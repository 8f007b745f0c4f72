"""One keeper for the tests that leave it as it was; projects with a tiny model."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bottega_engine.finetune.tests.conftest import byte_tokenizer, text_rows, tiny_llama
from bottega_engine.node.tests.keeper_process import KeeperProcess, keeper_process

WHO = "import os\nprint('pid', os.getpid(), flush=True)\n"
"""A module whose import tells the process id of the rank."""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders `one` and `two`: models of equal shape and other weights."""
    folder = tmp_path_factory.mktemp("models")
    for name, changes in (("one", {}), ("two", {"initializer_range": 0.1})):
        tiny_llama(attention_dropout=0.1, **changes).save_pretrained(folder / name)
        tokenizer = byte_tokenizer(bos_token="<s>", eos_token="</s>", pad_token="<pad>")
        tokenizer.save_pretrained(folder / name)
    return folder


@pytest.fixture
def project(tmp_path: Path, models: Path) -> Path:
    """`models/one`, `models/two`, rows of text, and a loss that tells who computes it."""
    folder = tmp_path / "project"
    shutil.copytree(models, folder / "models")
    (folder / "data").mkdir()
    (folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in text_rows(64)))
    (folder / "who.py").write_text(WHO + "def loss(model, batch):\n    return model(**batch).loss\n")
    # Goes on until somebody makes the file `go`.
    (folder / "wait.py").write_text(
        WHO + "import time\nfrom pathlib import Path\n"
        "def loss(model, batch):\n"
        "    while not Path('go').exists():\n        time.sleep(0.02)\n"
        "    return model(**batch).loss\n"
    )
    return folder


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[KeeperProcess]:
    async with keeper_process(tmp_path / "data") as started:
        yield started
