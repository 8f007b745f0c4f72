"""Runs share the cluster: who waits, why, and who is next."""

from __future__ import annotations

from pathlib import Path

from bottega_engine.service.tests.conftest import script_config
from bottega_engine.service.tests.engine_process import EngineClient, has_ended, states_of

WAITS = "import os, time\nprint('up', flush=True)\nwhile not os.path.exists({flag!r}): time.sleep(0.02)\n"


async def test_a_run_waits_for_its_seats_says_why_and_goes_on_when_they_are_free(
    client: EngineClient, folder: Path, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    (folder / "waits.py").write_text(WAITS.format(flag=str(flag)))
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
    client: EngineClient, folder: Path, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    (folder / "waits.py").write_text(WAITS.format(flag=str(flag)))
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
