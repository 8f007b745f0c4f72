"""A control store of Ray that does not answer holds up neither what runs nor who asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bottega_engine.service.admission import Admission, admission
from bottega_engine.service.errors import EngineError
from bottega_engine.service.nodes import NodeView
from bottega_engine.service.tests.conftest import script_config
from bottega_engine.service.tests.engine_process import EngineClient
from bottega_engine.service.tests.ray_cluster import RayCluster

ANSWER_S = 30.0
"""Ray itself gives up only later."""


class SlowRay:
    """Says which nodes there are when it is let."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0

    def nodes(self) -> list[dict[str, Any]]:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.may_answer.wait()
        self.at_once -= 1
        return [{"id": "one", "cpus": 2, "gpus": 0, "cpus_free": 0, "gpus_free": 0, "asked": self.asked}]


@pytest.fixture
async def ray() -> AsyncIterator[SlowRay]:
    made = SlowRay()
    yield made
    made.may_answer.set()


async def until(is_it: Any) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not is_it():
            await asyncio.sleep(0.01)


async def test_one_thread_asks_and_everybody_sees_what_was_there_after_they_asked(ray: SlowRay) -> None:
    changes: list[int] = []
    view = NodeView(ray.nodes, lambda: changes.append(view.resources()[0]["asked"]))
    first = asyncio.create_task(view.look())
    await until(lambda: ray.asked == 1)
    others = [asyncio.create_task(view.look()) for _ in range(50)]
    await asyncio.sleep(0)
    given_up = others.pop()
    given_up.cancel()
    assert view.resources() == []
    ray.may_answer.set()
    await asyncio.gather(first, *others)
    assert (ray.asked, ray.most_at_once, changes) == (2, 1, [1, 2])


async def test_a_run_is_told_why_it_waits_while_ray_does_not_answer(
    ray: SlowRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(admission, "ask_for_seats", never)
    ray.may_answer.set()
    queue = Admission()
    view = queue.nodes = NodeView(ray.nodes, queue.looked)
    await view.look()
    ray.may_answer.clear()
    told: list[str] = []
    resources = {"ranks": 1, "cpus_per_rank": 2, "gpus_per_rank": 0}
    waiting = [
        asyncio.create_task(queue.reserve(f"run-{number}", resources, 0, lambda why, _: told.append(why)))
        for number in range(2)
    ]
    await until(lambda: ray.at_once)
    queue.check_possible(resources)
    with pytest.raises(EngineError, match="largest node has 2 CPUs"):
        queue.check_possible({**resources, "ranks": 2})
    await until(lambda: len(told) >= 2)
    assert told[1] == "waits for 2 CPUs; run-0 comes first"
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_the_engine_answers_and_streams_while_the_control_store_is_stopped(
    client: EngineClient, cluster: RayCluster, folder: Path, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    (folder / "waits.py").write_text(
        f"import os, time\nprint('up', flush=True)\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.02)\n"
        "print('on', flush=True)\n"
    )
    (folder / "short.py").write_text("print('short')\n")
    first = await client.submit(folder, script_config("waits.py"))
    await client.wait_for(first, lambda event: event["type"] == "output")
    store = control_store_of(cluster)
    store.suspend()
    try:
        async with asyncio.timeout(ANSWER_S):
            later = await client.submit(folder, script_config("short.py"))
            given_up = await client.submit(folder, script_config("short.py"))
            status, answer = await client.ask("POST", f"/v1/runs/{given_up}/stop", {})
            assert (status, answer["state"]) == (200, "stopped")
            flag.touch()
            await client.wait_for(first, lambda event: "on" in event.get("text", ""))
    finally:
        store.resume()
    for run_id in (first, later):
        assert (await client.end_of(run_id))[-1]["state"] == "done"
    # Whatever was asked for on behalf of the one that was given up is given back.
    both = await client.submit(folder, script_config("short.py", resources={"ranks": 2}))
    assert (await client.end_of(both))[-1]["state"] == "done"


def control_store_of(cluster: RayCluster) -> psutil.Process:
    [found] = [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "gcs_server"
        and any(str(cluster.folder) in part for part in process.info["cmdline"] or [])
    ]
    return found
