from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bottega
from bottega.branch import branch_config, branch_name
from bottega_schema.validate import validate_run_config

CONFIG = (
    "kind: finetune\nmodel: m\ndata: {train: x} # small\nmax_steps: 60\nresume_from_checkpoint: run-older\n"
)
FILES = {"base.yaml": CONFIG, "deep/near.yaml": "extends: ../base.yaml\nsamples: {prompts: [a]}\n"}


def origin(**more: Any) -> dict[str, Any]:
    record = {"id": "run-aaa", "name": "lora", "kind": "finetune", "config": CONFIG, "config_path": None}
    return {**record, "step": 60, "max_steps": 60, **more}


def whole(config: dict[str, Any]) -> dict[str, Any]:
    """As the agent takes it: from the project folder, with what it extends."""
    checked, problems = validate_run_config(json.dumps(config), None, lambda path: FILES[path])
    assert problems == []
    assert checked is not None
    return checked


def test_a_branch_is_the_config_of_its_origin_but_for_what_is_said() -> None:
    before = whole(branch_config(origin(), 20, {"learning_rate": 1e-4, "samples.prompts": ["b"]}))
    assert before["resume_from_checkpoint"] == "run-aaa/checkpoint-20"
    assert (before["learning_rate"], before["samples"]["prompts"]) == (1e-4, ["b"])
    assert (before["model"], before["data"]["train"], before["max_steps"]) == ("m", "x", 60)
    assert branch_config(origin(), None, {"max_steps": None, "num_train_epochs": 2}) == {
        **{"kind": "finetune", "model": "m", "data": {"train": "x"}},
        **{"num_train_epochs": 2, "resume_from_checkpoint": "run-aaa"},
    }


@pytest.mark.parametrize(
    ("step", "record", "end"),
    [
        (20, {}, 60),
        (60, {}, 120),
        (None, {}, 120),
        (None, {"step": 30}, 60),
        (20, {"max_steps": None, "step": 40}, 40),
    ],
)
def test_a_branch_goes_as_far_as_its_origin_or_as_far_again(
    step: int | None, record: dict[str, Any], end: int
) -> None:
    assert branch_config(origin(**record), step, {})["max_steps"] == end
    assert branch_config(origin(**record), step, {"max_steps": 7})["max_steps"] == 7


def test_what_a_config_in_a_folder_below_extends_is_found_from_the_project_folder() -> None:
    below = origin(config="extends: near.yaml\nmodel: other\n", config_path="deep/own.run.yaml")
    config = whole(branch_config(below, 20, {"samples.every_steps": 5}))
    assert config["samples"] == {**config["samples"], "prompts": ["a"], "every_steps": 5}
    assert (config["model"], config["resume_from_checkpoint"]) == ("other", "run-aaa/checkpoint-20")


def test_a_script_has_no_checkpoints_and_a_branch_of_a_branch_keeps_its_name() -> None:
    with pytest.raises(bottega.BottegaError, match="A script run has no checkpoints"):
        branch_config(origin(kind="script"), None, {})
    names = [branch_name({"name": name}, 20) for name in ("lora", "lora-branch", "lora-from-7")]
    assert names == ["lora-from-20"] * 3
    assert branch_name({"name": "lora-from-7"}, None) == "lora-branch"
    assert whole({**branch_config(origin(), 1, {}), "name": branch_name({"name": "x" * 80}, 1)})


def test_a_branch_is_a_run_of_its_own_in_the_same_folder(client: bottega.Client, tmp_path: Path) -> None:
    run = client.run(CONFIG, folder=tmp_path).wait()
    branch = run.branch(2, learning_rate=1e-4, name="slower")
    assert branch.id != run.id
    assert (branch.record["folder"], branch.record["cluster"]) == (str(tmp_path), "local")
    sent = json.loads(branch.record["config"])
    assert (sent["name"], sent["learning_rate"]) == ("slower", 1e-4)
    assert sent["resume_from_checkpoint"] == f"{run.id}/checkpoint-2"
