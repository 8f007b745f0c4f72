"""Storage and clean-up of an engine that has real runs."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from bottega_engine.service.tests.conftest import finetune_config, script_config
from bottega_engine.service.tests.engine_process import EngineClient, EngineProcess, states_of
from bottega_schema.models import EngineCleanupAnswer, EngineStorage

WAIT = "import os, time, pathlib\nwhile not pathlib.Path(os.environ['GO']).exists(): time.sleep(0.05)\n"


async def things_of(client: EngineClient) -> dict[str, dict[str, Any]]:
    status, storage = await client.ask("GET", "/v1/storage")
    assert status == 200, storage
    EngineStorage.model_validate(storage)
    return {thing["id"]: thing for thing in storage["things"]}


async def clean_up(client: EngineClient, dry_run: bool, without: list[str]) -> list[dict[str, Any]]:
    body = {"dry_run": dry_run, "unused_days": 0, "without": without}
    status, answer = await client.ask("POST", "/v1/cleanup", body)
    assert status == 200, answer
    EngineCleanupAnswer.model_validate(answer)
    things: list[dict[str, Any]] = answer["things"]
    return things


async def test_a_run_and_its_tokens_take_space_until_they_are_removed_and_the_next_run_makes_them_anew(
    client: EngineClient, project: Path, engine: EngineProcess
) -> None:
    run_id = await client.submit(project, finetune_config(save_steps=2))
    await client.end_of(run_id)
    things = await things_of(client)
    assert things[run_id]["size_bytes"] > 10_000
    assert not things[run_id]["is_needed"]
    tokens = [thing for thing in things.values() if thing["kind"] == "tokens"]
    assert any("data/train.jsonl" in thing["label"] for thing in tokens)
    dry = await clean_up(client, True, [])
    real = await clean_up(client, False, [])
    assert [thing["id"] for thing in real] == [thing["id"] for thing in dry]
    assert {thing["id"] for thing in tokens} <= {thing["id"] for thing in real}
    assert not [thing for thing in (await things_of(client)).values() if thing["kind"] == "tokens"]
    again = await client.run(project, finetune_config(save_steps=2))
    assert states_of(again)[-1] == "done"
    assert (await client.ask("DELETE", f"/v1/runs/{run_id}"))[0] == 204
    assert run_id not in await things_of(client)
    assert not (engine.data / "runs" / run_id).exists()


async def test_a_run_stays_while_an_active_one_begins_from_it(
    client: EngineClient, project: Path, folder: Path, tmp_path: Path
) -> None:
    origin = await client.submit(project, finetune_config(save_steps=2))
    await client.end_of(origin)
    go = tmp_path / "go"
    (folder / "wait.py").write_text(WAIT)
    seats = {"ranks": 2}
    hog = await client.submit(folder, script_config("wait.py", resources=seats, env={"GO": str(go)}))
    branch = f"run-{secrets.token_hex(6)}"
    config = finetune_config(resume_from_checkpoint=f"{origin}/checkpoint-2")
    await client.submit(project, config, branch)
    status, error = await client.ask("DELETE", f"/v1/runs/{origin}")
    assert (status, error["code"]) == (409, "conflict")
    things = await things_of(client)
    assert things[origin]["is_needed"]
    assert things[branch]["is_needed"]
    go.touch()
    await client.end_of(hog)
    assert states_of(await client.end_of(branch))[-1] == "done"
    assert (await client.ask("DELETE", f"/v1/runs/{origin}"))[0] == 204
