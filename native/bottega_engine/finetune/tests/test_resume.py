"""Checkpoints: exact resume, `.complete` last, nothing lost on a full disk."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from bottega_engine.finetune import checkpoint as checkpoints
from bottega_engine.finetune.checkpoint import complete_checkpoints, write_folder
from bottega_engine.finetune.tests.conftest import FakeControl, Project
from bottega_engine.rank_context import RunFailed, RunStopped

# 22 rows, 4 per step: 6 steps an epoch, so step 6 is an epoch boundary and step 4 is in the middle.
LONG: dict[str, Any] = {
    "max_steps": 9,
    "gradient_accumulation_steps": 2,
    "save_steps": 2,
    "warmup_steps": 2,
    "lr_scheduler_type": "cosine",
}


def final_weights(project: Project, run_id: str) -> dict[str, torch.Tensor]:
    [path] = (project.output(run_id) / "final").glob("*.safetensors")
    return load_file(path)


def assert_same_bits(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("packing", [False, True])
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(
    project: Project, method: str, packing: bool
) -> None:
    settings = {**LONG, "method": method, "lora": {"dropout": 0.2}, "data": {"packing": packing}}
    project.train("whole", **settings)
    whole_losses, weights = project.metric("loss"), final_weights(project, "whole")
    for step in (4, 6):
        project.train(f"resumed-{step}", resume_from_checkpoint=f"whole/checkpoint-{step}", **settings)
        assert project.metric("loss") == whole_losses[step:]
        assert_same_bits(final_weights(project, f"resumed-{step}"), weights)


def test_a_stopped_run_saves_where_it_is_and_goes_on_from_there(project: Project) -> None:
    project.train("whole", **LONG)
    weights = final_weights(project, "whole")
    with pytest.raises(RunStopped):
        project.train("stopped", FakeControl(stop_at=6), **LONG)
    assert [event["step"] for event in project.of_type("checkpoint")] == [2, 4, 5]
    assert not (project.output("stopped") / "final").exists()
    project.train("resumed", resume_from_checkpoint="stopped", **LONG)
    assert_same_bits(final_weights(project, "resumed"), weights)


def test_without_save_steps_a_stop_saves_nothing(project: Project) -> None:
    with pytest.raises(RunStopped):
        project.train("stopped", FakeControl(stop_at=3), max_steps=5)
    assert project.of_type("checkpoint") == []
    assert list(project.output("stopped").iterdir()) == []


def test_save_total_limit_keeps_the_newest(project: Project) -> None:
    project.train("run-one", **LONG, save_total_limit=2)
    assert [path.name for path in complete_checkpoints(project.output("run-one"))] == [
        "checkpoint-6",
        "checkpoint-8",
    ]


def test_checkpoint_events_tell_path_size_and_which_is_final(project: Project) -> None:
    project.train("run-one", **LONG)
    events = project.of_type("checkpoint")
    assert [(event["step"], event["path"], event["final"]) for event in events] == [
        (2, "checkpoint-2", False),
        (4, "checkpoint-4", False),
        (6, "checkpoint-6", False),
        (8, "checkpoint-8", False),
        (9, "final", True),
    ]
    assert all(event["size_bytes"] > 10_000 for event in events)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("nowhere", "there is no run nowhere on this cluster"),
        ("whole/checkpoint-3", "whole/checkpoint-3 is not there. Complete are: checkpoint-2, checkpoint-4"),
        ("whole/checkpoint-8", "whole/checkpoint-8 is not complete: saving it was cut off"),
        ("empty", "empty has no complete checkpoint"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_refused(project: Project, wanted: str, message: str) -> None:
    project.train("whole", **LONG)
    (project.output("whole") / "checkpoint-8" / ".complete").unlink()
    project.output("empty").mkdir(parents=True)
    with pytest.raises(RunFailed, match=message):
        project.train("resumed", resume_from_checkpoint=wanted, **LONG)


def test_a_run_id_and_an_absolute_path_both_lead_to_the_last_complete_checkpoint(project: Project) -> None:
    project.train("whole", **LONG)
    output = project.output("whole")
    (output / "checkpoint-8" / ".complete").unlink()
    assert checkpoints.find_checkpoint("whole", project.runs_dir) == output / "checkpoint-6"
    assert checkpoints.find_checkpoint(str(output), project.runs_dir) == output / "checkpoint-6"
    assert (
        checkpoints.find_checkpoint(str(output / "checkpoint-2"), project.runs_dir) == output / "checkpoint-2"
    )


def test_resuming_into_another_method_adapter_or_an_earlier_end_is_refused(project: Project) -> None:
    project.train("whole", **LONG, method="lora")
    with pytest.raises(RunFailed, match="trained with method: lora, this run has method: full"):
        project.train("other", resume_from_checkpoint="whole", **LONG)
    with pytest.raises(RunFailed, match="has another lora.r or other lora.target_modules"):
        project.train("other", resume_from_checkpoint="whole", **LONG, method="lora", lora={"r": 2})
    with pytest.raises(RunFailed, match="at step 8 and the run ends at step 3"):
        project.train("other", resume_from_checkpoint="whole", **{**LONG, "max_steps": 3}, method="lora")


def test_resuming_on_other_data_says_that_the_order_differs(project: Project) -> None:
    project.train("whole", **LONG)
    project.train("other", resume_from_checkpoint="whole", **{**LONG, "seed": 7})
    edited, reordered = project.of_type("notice")
    assert "seed: 42 -> 7" in edited["message"]
    assert "the data order starts anew" in reordered["message"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("writer", ["safetensors", "torch"])
def test_a_full_disk_is_said_and_leaves_earlier_checkpoints(small_disk: Path, writer: str) -> None:
    from safetensors.torch import save_file

    tensors = {"weight": torch.randn(200, 300)}

    def save(folder: Path) -> None:
        if writer == "torch":
            with (folder / "state.pt").open("wb") as file:
                torch.save(tensors, file)
        else:
            save_file(tensors, folder / "model.safetensors")

    first, second = small_disk / "checkpoint-1", small_disk / "checkpoint-2"
    write_folder(first, lambda: save(first))
    with pytest.raises(
        RunFailed, match="no space left on the disk for checkpoint-2; earlier checkpoints are untouched"
    ):
        write_folder(second, lambda: save(second))
    assert complete_checkpoints(small_disk) == [first]
    assert not second.exists()
