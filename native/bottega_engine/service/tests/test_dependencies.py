"""Runs that need packages which the cluster does not have."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bottega_engine.environments.tests.wheels import make_slow_source, make_wheel
from bottega_engine.service.tests.conftest import finetune_config, script_config
from bottega_engine.service.tests.engine_process import (
    EngineClient,
    EngineProcess,
    has_ended,
    of_type,
    output_of,
    states_of,
    tail,
)

TINY = "toolz==1.0.0"
"""Pure Python and without dependencies; not in the cluster's environment."""
SAY = "from importlib.metadata import version\nimport toolz, torch\nprint('toolz', version('toolz'), toolz.__file__)\n"
LOSS = """
import toolz

def loss(model, batch):
    return toolz.identity(model(**batch).loss)
"""


async def test_a_script_imports_what_only_its_dependencies_have(client: EngineClient, folder: Path) -> None:
    (folder / "say.py").write_text(SAY)
    first = await client.run(folder, script_config("say.py", dependencies=[TINY]))
    assert states_of(first) == ["pending", "starting", "running", "done"], tail(first)
    assert output_of(first).startswith("toolz 1.0.0 ")
    assert "environment" in [event["name"] for event in of_type(first, "phase")]
    assert f"The run has {TINY}." in [event["message"] for event in of_type(first, "notice")]
    second = await client.run(folder, script_config("python say.py", dependencies=[TINY]))
    assert output_of(second) == output_of(first), "the same environment"
    assert "environment" not in [event["name"] for event in of_type(second, "phase")]
    assert of_type(second, "notice") == []
    without = await client.run(folder, script_config("say.py"))
    assert without[-1]["state"] == "failed"
    assert (
        "No package metadata was found for toolz" in without[-1]["reason"] or "toolz" in without[-1]["reason"]
    )


async def test_its_processes_have_them_too(client: EngineClient, folder: Path) -> None:
    (folder / "say.py").write_text(SAY)
    command = ["bash", "-c", "python say.py && python -c 'import subprocess; subprocess.run([\"own-say\"])'"]
    wheel = make_wheel(folder, "own", "1.0", "own", "def say(): print('own command')")
    events = await client.run(folder, script_config(command, dependencies=[TINY, f"./{wheel.name}"]))
    assert events[-1]["state"] == "done", tail(events)
    assert output_of(events).startswith("toolz 1.0.0 ")
    assert output_of(events).endswith("own command\n")


async def test_requirements_of_the_project_folder_count_for_a_training_run(
    client: EngineClient, project: Path
) -> None:
    (project / "requirements.txt").write_text(f"# what the loss needs\n{TINY}\n")
    (project / "own_loss.py").write_text(LOSS)
    events = await client.run(project, finetune_config(loss="own_loss:loss"))
    assert states_of(events) == ["pending", "starting", "running", "done"], tail(events)


async def test_a_package_of_the_base_can_be_replaced_for_one_run(client: EngineClient, folder: Path) -> None:
    wheel = make_wheel(folder, "iniconfig", "99.0", "iniconfig", "__version__ = 'own'")
    (folder / "say.py").write_text("import iniconfig, torch; print(iniconfig.__version__)\n")
    events = await client.run(folder, script_config("say.py", dependencies=[f"./{wheel.name}"]))
    assert events[-1]["state"] == "done", tail(events)
    assert output_of(events) == "own\n"
    [said] = [event["message"] for event in of_type(events, "notice") if "instead of" in event["message"]]
    assert said.startswith(
        "The run has iniconfig (iniconfig-99.0-py3-none-any.whl), instead of the cluster's iniconfig=="
    )
    without = await client.run(folder, script_config("say.py"))
    assert output_of(without) != "own\n"


async def test_a_conflict_fails_the_run_with_the_words_of_uv(client: EngineClient, folder: Path) -> None:
    (folder / "say.py").write_text(SAY)
    events = await client.run(folder, script_config("say.py", dependencies=[TINY, "toolz==0.12.0"]))
    assert events[-1]["state"] == "failed"
    assert "you require toolz==1.0.0 and toolz==0.12.0" in events[-1]["reason"]
    assert output_of(events) == ""


@pytest.mark.parametrize("line", ["--index-url https://example.org/simple", "-r ../other.txt"])
async def test_what_the_project_cannot_decide_fails_the_run(
    client: EngineClient, folder: Path, line: str
) -> None:
    (folder / "requirements.txt").write_text(f"{line}\n")
    (folder / "say.py").write_text(SAY)
    events = await client.run(folder, script_config("say.py"))
    assert events[-1]["state"] == "failed"
    assert "requirements.txt line 1: " in events[-1]["reason"]


async def test_another_run_goes_on_while_packages_are_installed(
    client: EngineClient, engine: EngineProcess, folder: Path
) -> None:
    (folder / "tick.py").write_text(
        "import time\nwhile True:\n    print('tick', flush=True)\n    time.sleep(0.05)\n"
    )
    ticking = await client.submit(folder, script_config("tick.py"))
    before = await client.wait_for(ticking, lambda event: event["type"] == "output")
    (folder / "say.py").write_text(SAY.replace("toolz", "tabulate"))
    events = await client.run(folder, script_config("say.py", dependencies=["tabulate==0.9.0"]))
    assert events[-1]["state"] == "done", tail(events)
    [phase] = [event for event in of_type(events, "phase") if event["name"] == "environment"]
    first, last = phase["started"], phase["started"] + phase["duration_ms"]
    after = await client.wait_for(
        ticking, lambda event: event["type"] == "output" and event["time"] > last, start=len(before) + 1
    )
    assert any(first < event["time"] < last for event in of_type(after, "output"))
    await client.ask("POST", f"/v1/runs/{ticking}/stop", {"grace_seconds": 0})
    await client.end_of(ticking)


async def test_a_run_is_stopped_while_its_packages_are_installed(
    client: EngineClient, folder: Path, tmp_path: Path
) -> None:
    (folder / "say.py").write_text(SAY)
    started = tmp_path / "started"
    source = make_slow_source(folder, "slow", started)
    run = await client.submit(folder, script_config("say.py", dependencies=[f"./{source.name}"]))
    async with asyncio.timeout(60):
        while not started.exists():
            await asyncio.sleep(0.02)
    status, answer = await client.ask("POST", f"/v1/runs/{run}/stop", {"grace_seconds": 60})
    assert status == 200, answer
    events = await client.wait_for(run, has_ended, timeout_s=20)
    assert (events[-1]["state"], output_of(events)) == ("stopped", ""), tail(events)
