"""A base model in memory: given out as if it were just loaded, and never when it is not what was loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import load_file, save_file

from bottega_engine.finetune import base
from bottega_engine.finetune.model import ModelSource, find_model
from bottega_engine.finetune.tests.conftest import Project
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
    assert base.take("another", source) is None
    kept = load(project)
    taken = base.take("k", source)
    assert taken is not None
    assert taken[0] is kept
    assert base.take("k", source) is None


def test_it_bears_the_name_of_the_run_that_takes_it(project: Project) -> None:
    load(project)
    source = ModelSource("models/same", "/elsewhere/models/same", None)
    taken = base.take("k", source)
    assert taken is not None
    for owner in (taken[0], taken[0].config, taken[1]):
        assert owner.name_or_path == "/elsewhere/models/same"


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
