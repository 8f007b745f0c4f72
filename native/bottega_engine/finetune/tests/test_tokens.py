"""The token cache changes how soon tokens are there, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bottega_engine.finetune.encoder import Document, Encoder
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.tests.conftest import FakeControl, Project, byte_tokenizer, text_rows
from bottega_engine.finetune.tokens import documents as documents_module
from bottega_engine.finetune.tokens import open_cache
from bottega_engine.finetune.tokens import shard as shard_module
from bottega_engine.finetune.tokens.documents import Documents
from bottega_engine.finetune.tokens.fingerprint import tokens_key
from bottega_engine.finetune.tokens.shard_files import ShardFiles

FOUR_A_SHARD = 4


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """22 rows are six shards."""
    from bottega_engine.finetune import sequences

    for module in (documents_module, sequences, shard_module):
        monkeypatch.setattr(module, "SHARD_ROWS", FOUR_A_SHARD)


@pytest.fixture
def tokens(project: Project) -> Path:
    project.tokens_dir = project.folder / "tokens"
    return project.tokens_dir


def shards_of(tokens: Path) -> list[Path]:
    return sorted(tokens.glob("*/*.tokens"))


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the rows that this process encodes."""
    seen: list[int] = []
    encode = Encoder.encode

    def counting(encoder: Encoder, rows: list[Row]) -> list[Document]:
        seen.extend(row.number for row in rows)
        return encode(encoder, rows)

    monkeypatch.setattr(Encoder, "encode", counting)
    return seen


SETTINGS: list[dict[str, Any]] = [
    {"num_train_epochs": 2},
    {"num_train_epochs": 2, "data": {"packing": True}},
    {"max_steps": 9, "data": {"packing": True}},
    {"num_train_epochs": 2, "data": {"packing": True, "eval_fraction": 0.3}, "eval_steps": 2},
    {"num_train_epochs": 2, "data": {"eval_fraction": 0.3}, "eval_steps": 2},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_losses_are_the_same_without_a_cache_and_with_a_cold_and_a_warm_one(
    project: Project, small_shards: None, settings: dict[str, Any], encoded: list[int]
) -> None:
    project.train("without", **settings)
    losses, evaluations = project.metric("loss"), project.metric("eval_loss")
    assert len(losses) > 5
    project.tokens_dir = project.folder / "tokens"
    project.train("cold", **settings)
    assert (project.metric("loss"), project.metric("eval_loss")) == (losses, evaluations)
    make_all(project)
    encoded.clear()
    project.train("warm", **settings)
    assert (project.metric("loss"), project.metric("eval_loss")) == (losses, evaluations)
    assert encoded == []


def make_all(project: Project) -> None:
    """Trains with packing for whole epochs, which needs every shard."""
    project.train("making", num_train_epochs=1, data={"packing": True})
    assert len(shards_of(project.folder / "tokens")) == 6


@pytest.mark.usefixtures("small_shards")
def test_a_resumed_run_over_several_packed_shards_is_the_uninterrupted_one(
    project: Project, tokens: Path
) -> None:
    settings: dict[str, Any] = {"max_steps": 12, "save_steps": 5, "data": {"packing": True}}
    project.train("whole", **settings)
    losses, epochs = project.metric("loss"), project.metric("epoch")
    project.train("resumed", resume_from_checkpoint="whole/checkpoint-5", **settings)
    assert project.metric("loss") == losses[5:]
    assert project.metric("epoch") == epochs[5:]
    assert epochs == sorted(epochs)
    assert epochs[-1] > 1, "the second epoch begins with its own order"


@pytest.mark.usefixtures("small_shards", "tokens")
def test_the_first_step_needs_one_shard_only(project: Project, encoded: list[int]) -> None:
    project.train(max_steps=1, per_device_train_batch_size=1, data={"packing": True})
    assert len(project.metric("loss")) == 1
    assert len(encoded) == FOUR_A_SHARD


@pytest.mark.usefixtures("small_shards", "tokens")
def test_without_packing_the_first_step_encodes_only_its_own_rows(
    project: Project, encoded: list[int]
) -> None:
    project.train(max_steps=1, per_device_train_batch_size=2)
    assert len(encoded) == 2


@pytest.mark.usefixtures("small_shards")
def test_the_rest_is_made_beside_the_training(project: Project, tokens: Path) -> None:
    seen = []

    class UntilAllAreMade(FakeControl):
        def stop_requested(self) -> bool:
            seen.append(len(shards_of(tokens)))
            return seen[-1] == 6

    with pytest.raises(Exception, match="stopped after step"):
        project.train(control=UntilAllAreMade(), max_steps=20_000)
    assert seen[0] == seen[1] == 0, "the first step did not wait"
    assert all(made.stat().st_mode & 0o077 == 0 for made in shards_of(tokens))


@pytest.mark.usefixtures("small_shards")
def test_waiting_for_all_shards_is_said(project: Project, tokens: Path) -> None:
    project.train(num_train_epochs=1, data={"packing": True})
    [notice] = project.of_type("notice")
    assert "All 22 rows are tokenized before the first step" in notice["message"]
    project.train("again", num_train_epochs=1, data={"packing": True})
    assert project.of_type("notice") == []


def encode_slowly(folder: Path, log: Path, die_at: int | None) -> None:
    """In a process of its own: makes six shards of four rows; each that it encodes is a line in `log`."""
    rows = [Row(row, "rows", number) for number, row in enumerate(text_rows(24))]
    documents_module.SHARD_ROWS = FOUR_A_SHARD

    class Slow(Encoder):
        def encode(self, rows: list[Row]) -> list[Document]:
            with log.open("a") as file:
                file.write(f"{rows[0].number // FOUR_A_SHARD}\n")
            if rows[0].number // FOUR_A_SHARD == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().encode(rows)

    encoder = Slow(byte_tokenizer(), "text", 64)
    Documents(24, lambda: rows, encoder, ShardFiles(folder)).make(range(6))


def start(folder: Path, log: Path, die_at: int | None = None) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=encode_slowly, args=(folder, log, die_at))
    process.start()
    return process  # type: ignore[return-value]


def encoded_shards(log: Path) -> list[str]:
    return sorted(log.read_text().split())


def test_who_comes_after_a_crash_goes_on_from_the_shards_that_are_there(tmp_path: Path) -> None:
    log, folder = tmp_path / "log", tmp_path / "cache"
    folder.mkdir()
    killed = start(folder, log, die_at=3)
    killed.join(30)
    assert killed.exitcode == -signal.SIGKILL
    assert sorted(path.name for path in folder.iterdir()) == ["0.tokens", "1.tokens", "2.tokens", "3.part"]
    log.unlink()
    second = start(folder, log)
    second.join(30)
    assert encoded_shards(log) == ["3", "4", "5"]
    assert sorted(path.name for path in folder.iterdir()) == [f"{number}.tokens" for number in range(6)]


def test_several_processes_share_the_work(tmp_path: Path) -> None:
    log, folder = tmp_path / "log", tmp_path / "cache"
    folder.mkdir()
    processes = [start(folder, log) for _ in range(4)]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert encoded_shards(log) == [str(number) for number in range(6)], "each shard once"
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("damage", ["truncated", "emptied", "flipped"])
def test_a_broken_shard_is_made_again(project: Project, tokens: Path, damage: str) -> None:
    settings: dict[str, Any] = {"num_train_epochs": 1, "data": {"packing": True}}
    project.train("first", **settings)
    losses = project.metric("loss")
    [path] = shards_of(tokens)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = bytes([whole[middle] ^ 1])
    path.write_bytes(
        {
            "truncated": whole[:middle],
            "emptied": b"",
            "flipped": whole[:middle] + flipped + whole[middle + 1 :],
        }[damage]
    )
    project.train("second", **settings)
    assert project.metric("loss") == losses
    assert path.read_bytes() == whole


@pytest.fixture
def full_disk(project: Project) -> Iterator[Path]:
    folder = project.folder / "full-disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("is_full_at_once", [False, True])
def test_a_full_disk_is_said_and_is_no_failure(
    project: Project, full_disk: Path, packing: bool, is_full_at_once: bool
) -> None:
    project.write_rows(text_rows(200))
    settings: dict[str, Any] = {"num_train_epochs": 1, "data": {"packing": packing}}
    project.train("without", **settings)
    losses = project.metric("loss")
    if is_full_at_once:
        (full_disk / "filler").write_bytes(bytes(16 * 1024))
    project.tokens_dir = full_disk / "tokens"
    project.train("full", **settings)
    assert project.metric("loss") == losses
    [notice] = project.of_type("notice")
    assert notice["message"].startswith("The tokens of the data are not kept for later runs:")
    assert shards_of(full_disk / "tokens") == []


def test_a_cache_is_used_again_only_for_the_same_tokens(project: Project, tokens: Path) -> None:
    """Tokenizer, template, length, format, data and what the hook makes of it decide; packing and batches do not."""
    (project.folder / "own_hooks.py").write_text(
        "def shout(row):\n    return {'text': row['text'].upper()}\n"
    )
    same: list[dict[str, Any]] = [
        {},
        {"data": {"packing": True}},
        {"per_device_train_batch_size": 4},
        {"seed": 3},
    ]
    for number, changes in enumerate(same):
        project.train(f"same-{number}", max_steps=1, **changes)
    assert len(list(tokens.iterdir())) == 1
    different: list[dict[str, Any]] = [
        {"data": {"max_length": 63}},
        {"data": {"format": "text", "train": "data/more.jsonl"}},
        {"data": {"hook": "own_hooks:shout"}},
    ]
    project.write_rows(text_rows(23), "data/more.jsonl")
    for number, changes in enumerate(different, 2):
        project.train(f"other-{number}", max_steps=1, **changes)
        assert len(list(tokens.iterdir())) == number


def test_a_tokenizer_is_known_by_what_it_does() -> None:
    plain = byte_tokenizer(eos_token="</s>")
    with_template = byte_tokenizer(eos_token="</s>")
    with_template.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    more_tokens = byte_tokenizer(eos_token="</s>")
    more_tokens.add_tokens(["<|step|>"])
    others = [byte_tokenizer(eos_token="<pad>"), with_template, more_tokens]
    keys = {tokens_key("data", tokenizer, "chat", 64) for tokenizer in [plain, *others]}
    assert len(keys) == 4
    same = byte_tokenizer(eos_token="</s>")
    same.init_kwargs["name_or_path"] = "/the/folder/of/another/run"
    assert tokens_key("data", same, "chat", 64) in keys


def test_a_cache_tells_people_what_it_is_and_when_it_was_used(project: Project, tokens: Path) -> None:
    project.train("first", max_steps=1)
    [folder] = tokens.iterdir()
    assert (folder / "label").read_text() == '{"files": ["data/train.jsonl"], "rows": 22}'
    os.utime(folder / "last_used", (0, 0))
    project.train("second", max_steps=1)
    assert (folder / "last_used").stat().st_mtime > 0
    assert open_cache(tokens, folder.name).rows() is not None
