"""A base model in memory: given out as if it were just loaded, and never when it is not what was loaded."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bottega_engine.finetune import base
from bottega_engine.finetune.model import ModelSource, find_model
from bottega_engine.finetune.tests.conftest import Project, make_config
from bottega_engine.rank_context import RunFailed


@pytest.fixture(autouse=True)
def no_base() -> Iterator[None]:
    yield
    base._kept = None


def load(project: Project) -> torch.nn.Module:
    """The model that is kept under the key `k`."""
    base.load("k", "models/tiny", None, project.folder)
    assert base._kept is not None
    return base._kept.model  # type: ignore[no-any-return]


def test_it_is_given_out_once_and_only_under_its_key(project: Project) -> None:
    source = find_model("models/tiny", None, project.folder)
    kept = load(project)
    assert base.take("another", source, make_config()) is None
    kept = load(project)
    taken = base.take("k", source, make_config())
    assert taken is not None
    assert taken.model is kept
    assert base.take("k", source, make_config()) is None


def test_it_bears_the_name_of_the_run_that_takes_it(project: Project) -> None:
    config = make_config(method="lora")
    for is_adapted in (False, True):
        load(project)
        if is_adapted:
            base.prepare(config)
        taken = base.take("k", ModelSource("models/same", "/elsewhere/models/same", None), config)
        assert taken is not None
        assert taken.is_adapted is is_adapted
        for owner in (taken.model, taken.model.config, taken.tokenizer):
            assert owner.name_or_path == "/elsewhere/models/same"
        if is_adapted:
            assert taken.model.active_peft_config.base_model_name_or_path == "/elsewhere/models/same"


@pytest.mark.parametrize("damage", ["written", "bit", "replaced"])
def test_damaged_weights_are_noticed_and_loaded_anew(project: Project, damage: str) -> None:
    model = load(project)
    weight = model.get_parameter("model.layers.1.mlp.up_proj.weight")
    if damage == "written":
        with torch.no_grad():
            weight[0, 0] += 0
    elif damage == "bit":
        # As a defect of the memory would, which torch does not count.
        weight.detach().numpy().view("int32")[0, 0] ^= 1
    else:
        weight.data = weight.data.to(torch.float64)
    events = project.train(base_key="k", max_steps=1)
    notices = [event["message"] for event in events if event["type"] == "notice"]
    assert len(notices) == 1
    assert notices[0].startswith("The weights of models/tiny in memory have changed")
    assert [event for event in events if event["type"] == "base_damaged"] != []
    damaged_loss = project.metric("loss")
    project.train(run_id="run-two", max_steps=1)
    assert project.metric("loss") == damaged_loss


def test_a_model_that_lacks_weights_is_not_kept(project: Project) -> None:
    folder = project.folder / "models" / "partial"
    folder.mkdir()
    for file in (project.folder / "models" / "tiny").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.0.self_attn.q_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RunFailed, match=r"models/partial lacks weights"):
        base.load("k", "models/partial", None, project.folder)


LORA: dict[str, Any] = {"method": "lora", "max_steps": 4, "lora": {"dropout": 0.1}}


def trained(
    project: Project, run_id: str, base_key: str = "", **changes: Any
) -> tuple[list[float], dict[str, bytes]]:
    """Losses, and the files of the final model."""
    project.train(run_id, base_key=base_key, **changes)
    final = project.output(run_id) / "final"
    return project.metric("loss"), {path.name: path.read_bytes() for path in final.iterdir()}


@pytest.mark.parametrize(
    "changes", [{}, {"gradient_checkpointing": True}, {"lora": {"target_modules": ["q_proj"]}}]
)
def test_an_adapter_made_before_is_the_one_that_the_run_would_make(
    project: Project, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {**LORA, **changes}
    own = trained(project, "own", **config)
    load(project)
    assert base.prepare(make_config(**config))
    monkeypatch.setattr("bottega_engine.finetune.model.get_peft_model", None)
    assert trained(project, "given", "k", **config) == own


@pytest.mark.parametrize(
    "changes", [{"seed": 7}, {"lora": {"r": 2}}, {"gradient_checkpointing": True}, {"method": "full"}]
)
def test_a_run_that_wants_another_adapter_or_none_makes_it_itself(
    project: Project, changes: dict[str, Any]
) -> None:
    config = {**LORA, **changes}
    own = trained(project, "own", **config)
    load(project)
    base.prepare(make_config(**LORA))
    assert trained(project, "other", "k", **config) == own


def test_adapters_are_changed_when_two_runs_in_a_row_ask_for_another(project: Project) -> None:
    load(project)
    first, second, third = (make_config(method="lora", seed=seed) for seed in (1, 2, 3))
    asked = (first, first, second, third, second, second, second, make_config(method="full"))
    assert [base.prepare(config) for config in asked] == [
        True,
        False,
        False,
        False,
        False,
        True,
        False,
        False,
    ]


def test_an_adapter_that_is_not_wanted_any_more_is_freed(project: Project) -> None:
    load(project)
    config = make_config(method="lora")
    assert base.prepare(config)
    assert base._kept is not None
    assert base._kept.adapted is not None
    old = weakref.ref(base._kept.adapted.model)
    gc.freeze()
    try:
        other = make_config(method="lora", seed=1)
        assert [base.prepare(other) for _ in range(2)] == [False, True]
        gc.collect()
        assert old() is None
    finally:
        gc.unfreeze()


def test_an_adapter_that_does_not_fit_is_left_to_the_run_to_complain_about(project: Project) -> None:
    config = {**LORA, "lora": {"target_modules": ["nonsense"]}}
    load(project)
    base.prepare(make_config(**config))
    with pytest.raises(RunFailed, match=r"lora.target_modules does not fit the model"):
        project.train(base_key="k", **config)
    load(project)
    base.prepare(make_config(**config))
    assert trained(project, "good", "k", **LORA) == trained(project, "own", **LORA)
