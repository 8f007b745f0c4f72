"""Changes of a running run: applied before a step, kept in log and checkpoint, and the same after a resume."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import torch.multiprocessing as multiprocessing

from bottega_engine.finetune import train
from bottega_engine.finetune.checkpoint import load_state
from bottega_engine.finetune.tests.conftest import FakeControl, Project, make_config
from bottega_engine.finetune.tests.test_resume import assert_same_bits, final_weights
from bottega_engine.live_config import live_keys
from bottega_engine.rank_context import RankContext

LONG: dict[str, Any] = {"max_steps": 8, "save_steps": 2, "warmup_steps": 2, "lr_scheduler_type": "cosine"}


def at(step: int, *changes: dict[str, Any]) -> FakeControl:
    return FakeControl(changes_at={step: list(changes)})


def rates(project: Project) -> list[float]:
    return project.metric("learning_rate")


def test_a_new_learning_rate_keeps_the_shape_of_the_schedule(project: Project) -> None:
    project.train("plain", **LONG)
    plain = rates(project)
    project.train("changed", at(4, {"learning_rate": 1e-3}), **LONG)
    assert rates(project) == [*plain[:3], *(pytest.approx(rate / 10) for rate in plain[3:])]
    assert project.of_type("change") == [
        {"type": "change", "step": 4, "values": {"learning_rate": 1e-3}, "before": {"learning_rate": 1e-2}}
    ]


def test_a_change_before_the_first_step_is_the_config_from_the_start(project: Project) -> None:
    project.train("edited", **{**LONG, "learning_rate": 3e-3})
    losses, weights = project.metric("loss"), final_weights(project, "edited")
    project.train("changed", at(1, {"learning_rate": 3e-3}), **LONG)
    assert project.metric("loss") == losses
    assert_same_bits(final_weights(project, "changed"), weights)


def test_changes_that_come_together_keep_their_order(project: Project) -> None:
    project.train("run-one", at(2, {"learning_rate": 1.0}, {"learning_rate": 2e-3}), **LONG)
    assert [(event["values"], event["before"]) for event in project.of_type("change")] == [
        ({"learning_rate": 1.0}, {"learning_rate": 1e-2}),
        ({"learning_rate": 2e-3}, {"learning_rate": 1.0}),
    ]


def test_a_later_end_makes_the_schedule_longer(project: Project) -> None:
    project.train("longer", **{**LONG, "max_steps": 12})
    longer = rates(project)
    project.train("changed", at(4, {"max_steps": 12}), **LONG)
    assert rates(project)[3:] == longer[3:]
    assert [event["max_steps"] for event in project.of_type("status")] == [8, 12]


@pytest.mark.parametrize("end", [5, 3])
def test_an_end_that_is_reached_or_behind_ends_the_run_with_all_that_belongs_to_an_end(
    project: Project, end: int
) -> None:
    samples = {"prompts": ["list"], "every_steps": 100, "max_new_tokens": 2}
    settings = {**LONG, "samples": samples, "data": {"eval_fraction": 0.2}, "logging_steps": 100}
    project.train("run-one", at(6, {"max_steps": end}), **settings)
    assert [(each["step"], each["final"]) for each in project.of_type("checkpoint")] == [
        (2, False),
        (4, False),
        (5, True),
    ]
    assert len(project.metric("loss")) == len(project.metric("eval_loss")) == 1
    assert [event["step"] for event in project.of_type("artifact")] == [5]


def test_intervals_samples_and_clipping_hold_from_the_next_step_on(project: Project) -> None:
    values = {
        "logging_steps": 2,
        "save_steps": 3,
        "save_total_limit": 1,
        "max_grad_norm": 0.0,
        "eval_steps": 4,
        "samples.prompts": ["list"],
        "samples.every_steps": 3,
    }
    project.train("run-one", at(2, values), max_steps=7, data={"eval_fraction": 0.2})
    assert [event["step"] for event in project.of_type("metric") if "loss" in event["values"]] == [
        1,
        2,
        4,
        6,
        7,
    ]
    assert [event["step"] for event in project.of_type("metric") if "eval_loss" in event["values"]] == [4, 7]
    assert [event["step"] for event in project.of_type("artifact")] == [3, 6, 7]
    assert [event["step"] for event in project.of_type("checkpoint")] == [3, 6, 7]
    assert [path.name for path in project.output("run-one").glob("checkpoint-*")] == ["checkpoint-6"]
    [change] = project.of_type("change")
    assert change["before"] == {**dict.fromkeys(values), "logging_steps": 1, "max_grad_norm": 1.0}


def test_samples_go_when_their_prompts_are_taken_away(project: Project) -> None:
    samples = {"prompts": ["list"], "every_steps": 1, "max_new_tokens": 2}
    project.train("run-one", at(3, {"samples.prompts": None}), max_steps=5, samples=samples)
    assert [event["step"] for event in project.of_type("artifact")] == [1, 2]


def test_a_profile_window_is_planned_and_taken_away(project: Project) -> None:
    project.train("planned", at(2, {"profile.steps": [3, 4]}), max_steps=5)
    [trace] = project.of_type("trace")
    assert (trace["first_step"], trace["last_step"]) == (3, 4)
    window = {"steps": [3, 4], "with_stack": False}
    project.train("removed", at(2, {"profile.steps": None}), max_steps=5, profile=window)
    assert project.of_type("trace") == []
    project.train("behind", at(3, {"profile.steps": [1, 2]}), max_steps=4)
    assert "are over" in project.of_type("notice")[0]["message"]


def test_a_change_after_the_last_step_is_said(project: Project) -> None:
    class Late(FakeControl):
        asked = 0

        def changes(self) -> list[dict[str, Any]]:
            self.asked += 1
            return [{"learning_rate": 1.0}] if self.asked == 4 else []

    project.train("run-one", Late(), max_steps=3)
    assert project.of_type("change") == []
    assert "learning_rate: this change came after the last step" in project.of_type("notice")[0]["message"]


def test_a_run_that_goes_on_from_a_checkpoint_after_a_change_is_the_same_to_the_bit(project: Project) -> None:
    values = {"learning_rate": 2e-3, "max_steps": 10, "max_grad_norm": 0.5}
    project.train("whole", at(4, values), **LONG)
    losses, weights = project.metric("loss"), final_weights(project, "whole")
    checkpoint = project.output("whole") / "checkpoint-6"
    assert load_state(checkpoint)["config"]["learning_rate"] == 2e-3
    project.train("resumed", resume_from_checkpoint="whole/checkpoint-6", **{**LONG, **values})
    assert project.metric("loss") == losses[6:]
    assert_same_bits(final_weights(project, "resumed"), weights)
    assert project.of_type("notice") == []


@pytest.mark.parametrize(
    "edit",
    [
        {"learning_rate": 1e-3},
        {"max_steps": 12},
        {"lr_scheduler_type": "linear"},
        {"lr_scheduler_type": "constant", "learning_rate": 5e-4},
        {"weight_decay": 0.5},
    ],
)
def test_a_branch_follows_its_own_config(project: Project, edit: dict[str, Any]) -> None:
    project.train("edited", **{**LONG, **edit})
    wanted = rates(project)
    project.train("whole", **LONG)
    same = project.metric("loss")
    project.train("branch", resume_from_checkpoint="whole/checkpoint-4", **{**LONG, **edit})
    assert rates(project) == wanted[4:]
    assert project.metric("loss") != same[4:]
    [notice] = project.of_type("notice")
    assert all(f"{key}: " in notice["message"] and f"-> {edit[key]}" in notice["message"] for key in edit)


def test_a_branch_with_another_dropout_and_other_data_begins(project: Project) -> None:
    project.train("whole", **LONG, method="lora", lora={"dropout": 0.0})
    project.write_rows([{"text": "other rows"}] * 30, "data/other.jsonl")
    edit = {"lora": {"dropout": 0.3}, "data": {"train": "data/other.jsonl"}}
    project.train("branch", resume_from_checkpoint="whole/checkpoint-4", **LONG, method="lora", **edit)
    assert len(project.metric("loss")) == 4
    assert "lora.dropout: 0.0 -> 0.3" in project.of_type("notice")[0]["message"].replace(": 0 ->", ": 0.0 ->")


def test_the_live_keys_are_those_of_the_schema() -> None:
    assert live_keys("script") == []
    assert {"learning_rate", "max_steps", "samples.prompts", "profile.steps"} <= set(live_keys("finetune"))


def _train_rank(rank: int, folder: Path, port: int) -> None:
    os.environ.update(
        {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2"}
    )
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    events: list[dict[str, Any]] = []
    output = folder / "runs" / "two-ranks" / "output"
    values = {"learning_rate": 1e-3, "max_steps": 6, "samples.prompts": ["list"]}
    control = FakeControl(changes_at={3: [values]} if rank == 0 else {})
    context = RankContext("two-ranks", rank, 2, rank, folder, output, folder / "runs", events.append, control)
    train(make_config(**{**LONG, "per_device_train_batch_size": 1, "loss": "watched:loss"}), context)
    steps = [event["step"] for event in events if event["type"] == "change"]
    assert steps == ([3] if rank == 0 else [])
    # As every rank leaves: threads of gloo abort an interpreter that is taken apart around them.
    os._exit(0)


WATCHED = """
import os

def loss(model, batch):
    with open(f"weights-{os.environ['RANK']}", "a") as file:
        print(sum(float(parameter.sum()) for parameter in model.parameters()), file=file)
    return model(**batch).loss
"""


def test_two_ranks_change_together(project: Project) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    project.output("two-ranks").mkdir(parents=True)
    (project.folder / "watched.py").write_text(WATCHED)
    multiprocessing.spawn(_train_rank, (project.folder, port), nprocs=2)  # type: ignore[no-untyped-call]
    weights = [(project.folder / f"weights-{rank}").read_text().split() for rank in (0, 1)]
    assert len(weights[0]) == 6, "the new end holds on every rank"
    assert weights[0] == weights[1]
