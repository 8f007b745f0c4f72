"""How much a run finds ready, through the engine; and that what is kept takes no seat from anybody."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bottega_engine.service.tests.conftest import finetune_config
from bottega_engine.service.tests.engine_process import EngineClient, metric, of_type, tail
from bottega_engine.service.tests.ray_cluster import RayCluster

ALL_CPUS = (
    "import ray, time\nray.init(address='auto', log_to_driver=False)\n"
    "@ray.remote(num_cpus=2)\ndef task(): return 1\n"
    "began = time.time()\nray.get(task.remote())\nprint(time.time() - began)\n"
)


async def test_the_second_run_with_a_model_finds_it_in_memory(client: EngineClient, project: Path) -> None:
    # Another test may have left this model in memory.
    (project / "models" / "tiny" / "README.md").write_text("a model of this test alone")
    wanted = ("resident", "resident", "forked", "cold")
    runs = [await client.run(project, finetune_config(start=start)) for start in wanted]
    assert [event["level"] for events in runs for event in of_type(events, "start")] == [
        "forked",
        "resident",
        "forked",
        "cold",
    ]
    for events in runs:
        assert events[-1]["state"] == "done", tail(events)
        assert metric(events, "loss") == metric(runs[0], "loss")
    first = [event["name"] for event in of_type(runs[0], "phase")]
    assert first == ["seats", "base", "fork", "imports", "model", "data", "first_step"]
    assert "base" not in [event["name"] for event in of_type(runs[1], "phase")]
    reasons = [event["reason"] for event in of_type(runs[0], "status")]
    assert "the base model models/tiny is being loaded" in reasons


async def test_a_base_model_in_memory_leaves_all_seats_to_others(
    client: EngineClient, cluster: RayCluster, project: Path
) -> None:
    await client.run(project, finetune_config())
    _, storage = await client.ask("GET", "/v1/storage")
    residents = [thing for thing in storage["things"] if thing["kind"] == "resident"]
    assert {(thing["label"], thing["is_needed"]) for thing in residents} >= {("models/tiny", False)}
    driver = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ALL_CPUS), env=cluster.environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(driver.communicate(), 90)
    assert driver.returncode == 0
    assert float(said) < 30, "a worker of Ray starts in this time; nobody gives seats back"
    _, info = await client.ask("GET", "/v1/info")
    assert info["nodes"] != []
