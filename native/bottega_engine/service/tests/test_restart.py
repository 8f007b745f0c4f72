"""What an engine, a keeper or a disk that fails leaves behind."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bottega_engine.eventlog import EventLog
from bottega_engine.service.tests.conftest import script_config
from bottega_engine.service.tests.engine_process import (
    EngineClient,
    EngineProcess,
    has_ended,
    keeper_of,
    output_of,
    tail,
    zygote_of,
)
from bottega_engine.service.tests.ray_cluster import RayCluster

COUNTS = "import os, time\nprint(os.getpid(), flush=True)\nfor i in range(9999): print(i, flush=True); time.sleep(0.02)\n"


async def test_a_killed_engine_takes_its_runs_along_and_the_next_one_closes_their_logs(
    cluster: RayCluster, tmp_path: Path, folder: Path
) -> None:
    (folder / "counts.py").write_text(COUNTS)
    (folder / "one.py").write_text("print('one')\n")
    small = {"cpus_per_rank": 0.5}
    engine = EngineProcess(cluster, tmp_path / "data")
    async with engine.client() as client:
        done = await client.submit(folder, script_config("one.py"))
        before = await client.end_of(done)
        running = await client.submit(folder, script_config("counts.py", resources=small))
        spawned = await client.submit(folder, script_config(["python", "-u", "counts.py"], resources=small))
        seen = await client.wait_for(running, lambda event: event.get("text", "").endswith("50\n"))
        pids = [
            int(output_of(events).split()[0])
            for events in (seen, await client.wait_for(spawned, lambda event: event["type"] == "output"))
        ]
        started = zygote_of(engine)
        engine.kill()
    await_end(started.pid, *pids)

    engine = EngineProcess(cluster, tmp_path / "data")
    try:
        async with engine.client() as client:
            _, runs = await client.ask("GET", "/v1/runs")
            assert {run["id"]: run["state"] for run in runs} == {
                done: "done",
                running: "lost",
                spawned: "lost",
            }
            assert await client.end_of(done) == before
            events = await client.end_of(running)
            assert events[: len(seen)] == seen
            assert events[-1]["reason"] == "The engine ended while this run was going on."
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            again = await client.run(folder, script_config("one.py"))
            assert output_of(again) == "one\n"
    finally:
        engine.stop()


async def test_a_killed_keeper_is_renewed_and_its_runs_are_lost(
    client: EngineClient, engine: EngineProcess, folder: Path
) -> None:
    (folder / "counts.py").write_text(COUNTS)
    run_id = await client.submit(folder, script_config("counts.py"))
    events = await client.wait_for(run_id, lambda event: event["type"] == "output")
    states: list[str] = []
    async with asyncio.timeout(60), client.session.ws_connect("/v1/stream") as stream:
        keeper_of(engine).kill()
        while "starting" not in states or states[-1] != "ready":
            states += [node["zygote"] for node in (await stream.receive_json()).get("nodes", [])]
    assert set(states) == {"ready", "starting"}, (
        "an agent that comes meanwhile gives up a cluster that failed"
    )
    events = await client.end_of(run_id)
    assert events[-1]["state"] == "lost"
    await_end(int(output_of(events).split()[0]))
    (folder / "one.py").write_text("print('one')\n")
    assert output_of(await client.run(folder, script_config("one.py"))) == "one\n"


async def test_two_engines_never_share_a_data_folder(engine: EngineProcess, cluster: RayCluster) -> None:
    with pytest.raises(AssertionError, match="Another engine uses"):
        EngineProcess(cluster, engine.data)


def await_end(*pids: int) -> None:
    """Fails when one of the processes is still there after a while."""
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def fill(path: Path) -> None:
    """Writes until the disk is full."""
    with pytest.raises(OSError, match="No space left"), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk_ends_the_run_with_that_reason(
    cluster: RayCluster, small_disk: Path, folder: Path
) -> None:
    (folder / "talks.py").write_text("while True: print('x' * 1000)\n")
    engine = EngineProcess(cluster, small_disk / "data")
    try:
        async with engine.client() as client:
            run_id = await client.submit(folder, script_config("talks.py"))
            events = await client.end_of(run_id)
            assert events[-1]["state"] == "failed"
            assert events[-1]["reason"].startswith("There is no space left on the disk"), tail(events)
            body = {
                "name": "x",
                "config": script_config("talks.py"),
                "tree": await client.send_folder(folder),
                "phases": [],
            }
            fill(small_disk / "filler")
            status, error = await client.ask("PUT", "/v1/runs/run-without-space", body)
            assert (status, error["code"]) == (507, "no_space")
            (small_disk / "filler").unlink()
            await client.ask("DELETE", f"/v1/runs/{run_id}")
            (folder / "one.py").write_text("print('one')\n")
            assert output_of(await client.run(folder, script_config("one.py"))) == "one\n"
    finally:
        engine.stop()


async def test_a_torn_last_line_is_dropped_before_the_log_is_closed(
    cluster: RayCluster, tmp_path: Path, folder: Path
) -> None:
    (folder / "one.py").write_text("print('one')\n")
    engine = EngineProcess(cluster, tmp_path / "data")
    async with engine.client() as client:
        run_id = await client.submit(folder, script_config("one.py"))
        whole = await client.end_of(run_id)
        engine.kill()
    path = tmp_path / "data" / "runs" / run_id / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]) + lines[-2][:20])
    engine = EngineProcess(cluster, tmp_path / "data")
    try:
        async with engine.client() as client:
            events = await client.end_of(run_id)
    finally:
        engine.stop()
    assert events[:-1] == whole[:-2]
    assert has_ended(events[-1])
    assert EventLog(path).last_seq == len(events)
