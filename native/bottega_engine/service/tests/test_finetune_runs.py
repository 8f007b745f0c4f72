"""A fine-tuning run from the request to its end, over HTTP and the stream, on a real Ray cluster."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest

from bottega_engine.finetune import train
from bottega_engine.finetune.tests.conftest import FakeControl, make_config
from bottega_engine.rank_context import RankContext
from bottega_engine.service.tests.conftest import finetune_config
from bottega_engine.service.tests.engine_process import (
    EngineClient,
    metric,
    of_type,
    output_of,
    states_of,
    tail,
)

HOOK = """
import torch

SCALE = {scale}

def scaled_loss(model, batch):
    return model(**batch).loss * SCALE
"""


def losses_in_this_process(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    events = []
    monkeypatch.chdir(project)
    output = tmp_path / "runs" / "here" / "output"
    output.mkdir(parents=True)
    context = RankContext("here", 0, 1, 0, project, output, tmp_path / "runs", events.append, FakeControl())
    settings = {**finetune_config(), "lora": {"r": 8}, "learning_rate": 2e-4}
    train(make_config(**settings, per_device_train_batch_size=4), context)
    return metric(events, "loss")


async def test_a_run_goes_through_its_phases_and_trains_as_in_one_process(
    client: EngineClient, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await client.run(project, finetune_config(start="forked"))
    assert states_of(events) == ["pending", "starting", "running", "done"], tail(events)
    assert [event["name"] for event in of_type(events, "phase")] == [
        "seats", "fork", "imports", "model", "data", "first_step",
    ]  # fmt: skip
    assert events[-1]["exit_code"] == 0
    assert "steps      1 to 4" in output_of(events)
    assert [event["path"] for event in of_type(events, "checkpoint")] == ["final"]
    assert metric(events, "loss") == losses_in_this_process(project, tmp_path, monkeypatch)


async def test_two_runs_go_on_at_once_and_the_second_sees_the_edited_module(
    client: EngineClient, project: Path
) -> None:
    (project / "hooks.py").write_text(HOOK.format(scale=1))
    config = finetune_config(loss="hooks:scaled_loss", max_steps=100_000)
    first = await client.submit(project, config)
    await client.wait_for(first, lambda event: event["type"] == "metric")
    # Within the same second and with the same length: bytecode of the first would look valid.
    (project / "hooks.py").write_text(HOOK.format(scale=4))
    second = await client.submit(project, {**config, "max_steps": 2})
    second_losses = metric(await client.end_of(second), "loss")
    _, state = await client.ask("GET", f"/v1/runs/{first}")
    assert state["state"] == "running"
    await client.ask("POST", f"/v1/runs/{first}/stop", {"grace_seconds": 10})
    events = await client.end_of(first)
    assert events[-1]["state"] == "stopped"
    assert second_losses[0] == pytest.approx(4 * metric(events, "loss")[0], rel=1e-5)


async def test_a_stopped_run_saves_what_it_has(client: EngineClient, project: Path) -> None:
    run_id = await client.submit(project, finetune_config(max_steps=100_000, save_steps=50_000))
    await client.wait_for(run_id, lambda event: event["type"] == "metric" and event["step"] > 3)
    status, _ = await client.ask("POST", f"/v1/runs/{run_id}/stop", {"grace_seconds": 20})
    assert status == 200
    events = await client.end_of(run_id)
    assert events[-1]["state"] == "stopped"
    [checkpoint] = of_type(events, "checkpoint")
    path = f"/v1/runs/{run_id}/files/{checkpoint['path']}/.complete"
    async with client.session.get(path) as answer:
        assert answer.status == 200


async def test_two_ranks_train_together(client: EngineClient, project: Path) -> None:
    events = await client.run(project, finetune_config(resources={"ranks": 2}))
    assert events[-1]["state"] == "done", output_of(events) + output_of(events, 1)
    assert [event["name"] for event in of_type(events, "phase")].count("model") == 1
    assert len(metric(events, "loss")) == 4


async def test_a_profile_asked_for_on_a_live_run_becomes_columns(client: EngineClient, project: Path) -> None:
    run_id = await client.submit(project, finetune_config(max_steps=100_000))
    await client.wait_for(run_id, lambda event: event["type"] == "metric")
    status, _ = await client.ask("POST", f"/v1/runs/{run_id}/profile", {"steps": 2})
    assert status == 204
    events = await client.wait_for(run_id, lambda event: event["type"] == "trace")
    async with client.session.get(f"/v1/runs/{run_id}/traces/{events[-1]['name']}") as answer:
        assert answer.status == 200, await answer.text()
        table = pa.ipc.open_stream(io.BytesIO(await answer.read())).read_all()
    assert table.num_rows > 100
    assert any(name.startswith("aten::") for name in table["name"].unique().to_pylist())
    await client.ask("POST", f"/v1/runs/{run_id}/stop", {"grace_seconds": 10})
    await client.end_of(run_id)
