"""Runs share the cluster: who waits, why, and who is next."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from bottega_engine.service.tests.conftest import finetune_config, script_config
from bottega_engine.service.tests.engine_process import EngineClient, has_ended, metric, of_type, states_of
from bottega_engine.service.tests.ray_cluster import RayCluster

WAITS = "import os, time\nprint('up', flush=True)\nwhile not os.path.exists({flag!r}): time.sleep(0.02)\n"


@pytest.fixture
def flag(folder: Path, tmp_path: Path) -> Path:
    """waits.py goes on until this file is there."""
    flag = tmp_path / "flag"
    (folder / "waits.py").write_text(WAITS.format(flag=str(flag)))
    return flag


async def test_a_run_waits_for_its_seats_says_why_and_goes_on_when_they_are_free(
    client: EngineClient, folder: Path, flag: Path
) -> None:
    both = {"ranks": 2}
    first = await client.submit(folder, script_config("waits.py", resources=both))
    await client.wait_for(first, lambda event: event["type"] == "output")
    second = await client.submit(folder, script_config("waits.py"))
    third = await client.submit(folder, script_config("waits.py"))
    waiting = await client.wait_for(second, lambda event: bool(event.get("reason")))
    assert waiting[-1]["state"] == "pending"
    assert waiting[-1]["reason"] == f"waits for 1 CPU; 2 of 2 CPUs are in use by {first}"
    [*_, behind] = await client.wait_for(third, lambda event: bool(event.get("reason")))
    assert behind["reason"] == f"waits for 1 CPU; 2 of 2 CPUs are in use by {first}; {second} comes first"
    flag.touch()
    ends = [await client.end_of(run_id) for run_id in (first, second, third)]
    assert [states_of(events)[-1] for events in ends] == ["done"] * 3
    starts = [next(event["time"] for event in events if event.get("state") == "starting") for events in ends]
    assert starts == sorted(starts)
    assert starts[1] - ends[0][-1]["time"] < 1000


async def test_a_run_that_waits_can_be_stopped_and_frees_the_way(
    client: EngineClient, folder: Path, flag: Path
) -> None:
    first = await client.submit(folder, script_config("waits.py"))
    await client.wait_for(first, lambda event: event["type"] == "output")
    large = await client.submit(folder, script_config("waits.py", resources={"ranks": 2}))
    await client.wait_for(large, lambda event: bool(event.get("reason")))
    small = await client.submit(folder, script_config("waits.py"))
    _, answer = await client.ask("POST", f"/v1/runs/{large}/stop", {})
    assert answer["state"] == "stopped"
    await client.wait_for(small, lambda event: event["type"] == "output")
    flag.touch()
    for run_id in (first, small):
        assert (await client.end_of(run_id))[-1]["state"] == "done"
    assert has_ended((await client.end_of(large))[-1])


async def test_priority_decides_who_is_next_and_everybody_knows_the_place(
    client: EngineClient, folder: Path, flag: Path
) -> None:
    both = {"ranks": 2}
    first = await client.submit(folder, script_config("waits.py", resources=both))
    await client.wait_for(first, lambda event: event["type"] == "output")
    priorities = [0, 0, 5, -3]
    runs = [
        await client.submit(folder, script_config("waits.py", resources=both, priority=priority))
        for priority in priorities
    ]
    for run_id, position in zip(runs, [2, 3, 1, 4], strict=True):
        place = {"position": position, "length": 4}
        await client.wait_for(run_id, lambda event, place=place: event.get("queue") == place)  # type: ignore[misc]
    flag.touch()
    starts = {}
    for run_id in runs:
        events = await client.end_of(run_id)
        assert events[-1]["state"] == "done" and "queue" not in events[-1]
        starts[run_id] = next(event["time"] for event in events if event.get("state") == "starting")
    assert sorted(runs, key=lambda run_id: starts[run_id]) == [runs[2], runs[0], runs[1], runs[3]]


async def test_a_small_run_overtakes_one_that_waits_for_more_than_is_free(
    client: EngineClient, folder: Path, flag: Path
) -> None:
    (folder / "small.py").write_text("print('small')\n")
    first = await client.submit(folder, script_config("waits.py"))
    await client.wait_for(first, lambda event: event["type"] == "output")
    gang = await client.submit(folder, script_config("waits.py", resources={"ranks": 2}))
    await client.wait_for(gang, lambda event: bool(event.get("queue")))
    assert (await client.run(folder, script_config("small.py")))[-1]["state"] == "done"
    _, answer = await client.ask("GET", f"/v1/runs/{gang}")
    assert answer["state"] == "pending"
    flag.touch()
    for run_id in (first, gang):
        assert (await client.end_of(run_id))[-1]["state"] == "done"


async def test_a_run_that_waits_begins_with_what_was_changed_meanwhile(
    client: EngineClient, folder: Path, project: Path, flag: Path
) -> None:
    first = await client.submit(folder, script_config("waits.py", resources={"ranks": 2}))
    await client.wait_for(first, lambda event: event["type"] == "output")
    run_id = await client.submit(project, finetune_config(learning_rate=1e-3))
    await client.wait_for(run_id, lambda event: bool(event.get("reason")))
    path = f"/v1/runs/{run_id}/config"
    status, _ = await client.ask("PATCH", path, {"values": {"save_total_limit": 1}})
    assert status == 422
    for values in ({"save_steps": 2}, {"save_total_limit": 1, "learning_rate": 5e-4}, {"max_steps": 3}):
        status, _ = await client.ask("PATCH", path, {"values": values})
        assert status == 204
    [*_, last] = await client.wait_for(run_id, lambda event: "max_steps" in event.get("values", {}))
    assert (last["step"], last["values"], last["before"]) == (1, {"max_steps": 3}, {"max_steps": 4})
    flag.touch()
    events = await client.end_of(run_id)
    assert events[-1]["state"] == "done", events[-1]
    assert metric(events, "learning_rate")[0] == pytest.approx(5e-4)
    assert [event["path"] for event in of_type(events, "checkpoint")] == ["checkpoint-2", "final"]
    assert [event["step"] for event in of_type(events, "metric")][-1] == 3


OTHER = (
    "import os, ray, time\nray.init(address='auto', log_to_driver=False)\n"
    "@ray.remote(num_cpus=2)\n"
    "def other():\n    open({began!r}, 'w').close()\n"
    "    while not os.path.exists({flag!r}): time.sleep(0.02)\n"
    "ray.get(other.remote())\n"
)


async def test_a_task_of_somebody_else_holds_its_seats_as_honestly_as_a_run(
    client: EngineClient, cluster: RayCluster, folder: Path, tmp_path: Path
) -> None:
    flag, began = tmp_path / "flag", tmp_path / "began"
    (folder / "short.py").write_text("print('short')\n")
    driver = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER.format(flag=str(flag), began=str(began))), env=cluster.environment
    )
    try:
        async with asyncio.timeout(90):
            while not began.exists():
                assert driver.returncode is None
                await asyncio.sleep(0.05)
        run_id = await client.submit(folder, script_config("short.py"))
        events = await client.wait_for(run_id, lambda event: bool(event.get("queue")))
        assert events[-1]["reason"] == "waits for 1 CPU; something else on the cluster uses them"
        flag.touch()
        assert (await client.end_of(run_id))[-1]["state"] == "done"
        assert await asyncio.wait_for(driver.wait(), 60) == 0
    finally:
        if driver.returncode is None:
            driver.kill()


async def test_two_hundred_runs_wait_without_a_storm(client: EngineClient, folder: Path, flag: Path) -> None:
    first = await client.submit(folder, script_config("waits.py", resources={"ranks": 2}))
    await client.wait_for(first, lambda event: event["type"] == "output")
    began = time.monotonic()
    runs = [await client.submit(folder, script_config("waits.py")) for _ in range(200)]
    submitted_s = time.monotonic() - began
    place = {"position": 200, "length": 200}
    await client.wait_for(runs[-1], lambda event: event.get("queue") == place)
    began = time.monotonic()
    for run_id in runs[:-1]:
        await client.ask("POST", f"/v1/runs/{run_id}/stop", {})
    last = {"position": 1, "length": 1}
    events = await client.wait_for(runs[-1], lambda event: event.get("queue") == last)
    told = [event for event in events if event.get("queue")]
    seconds = submitted_s + time.monotonic() - began
    assert len(told) <= 2 + seconds, told
    flag.touch()
    assert (await client.end_of(runs[-1]))[-1]["state"] == "done"
    assert (await client.end_of(first))[-1]["state"] == "done"
