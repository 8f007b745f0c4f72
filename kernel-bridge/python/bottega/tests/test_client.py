from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

import bottega
from bottega.client import new_run_id

CONFIG = "kind: script\ncommand: python train.py\n"


def test_an_agent_is_started_when_there_is_none_and_shared_when_there_is_one(home: Path) -> None:
    assert bottega.connect().info()["pid"] == bottega.connect().info()["pid"]


def test_without_start_a_missing_agent_says_where_it_was_looked_for(home: Path) -> None:
    with pytest.raises(bottega.BottegaError, match=re.escape(f"No agent runs for {home}.")):
        bottega.connect(start=False)


def test_an_agent_that_fails_to_start_shows_the_end_of_its_output(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "1")
    with pytest.raises(bottega.BottegaError, match="ended with code 3") as caught:
        bottega.connect()
    assert "told to fail" in (caught.value.details or "")


def test_an_old_node_is_refused_with_its_version(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.1.0\n")
    old.chmod(0o755)
    monkeypatch.setattr("bottega.agent.REPOSITORY", tmp_path)
    monkeypatch.setenv("BOTTEGA_NODE", str(old))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bottega.BottegaError, match=r"Node 22\.19 or newer") as caught:
        bottega.connect()
    assert "18.1.0" in (caught.value.details or "")


def test_an_agent_of_another_api_version_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_API_VERSION", "42")
    with pytest.raises(bottega.BottegaError, match="version 42") as caught:
        bottega.connect()
    assert caught.value.code == "version_mismatch"


def test_an_agent_that_was_killed_is_back_with_the_next_request(client: bottega.Client) -> None:
    pid = client.info()["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert client.info()["pid"] != pid


def test_a_run_is_followed_to_its_end_without_a_hole(client: bottega.Client, tmp_path: Path) -> None:
    run = client.run(CONFIG, folder=tmp_path)
    numbers = [event["seq"] for event in run.events()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert run.wait().state == "done"
    assert next(run.logs()).startswith("step 1")


def test_a_run_is_submitted_from_a_file_with_its_folder(client: bottega.Client, tmp_path: Path) -> None:
    file = tmp_path / "finetune.run.yaml"
    file.write_text(CONFIG)
    record = client.run(file).record
    assert (record["folder"], record["config_path"], record["name"]) == (str(tmp_path), file.name, "finetune")


def test_the_same_id_is_the_same_run(client: bottega.Client) -> None:
    id = new_run_id()
    assert client.submit(CONFIG, id=id).id == client.submit(CONFIG, id=id).id
    assert len(client.runs()) == 1


def test_a_cluster_becomes_ready(client: bottega.Client) -> None:
    assert client.wait_until_ready("local", timeout_s=5)["state"] == "ready"


def test_waiting_for_a_cluster_has_an_end(client: bottega.Client) -> None:
    with pytest.raises(bottega.BottegaError, match="was not ready within") as caught:
        client.wait_until_ready("nowhere", timeout_s=0.3)
    assert caught.value.code == "timeout"


def test_without_a_ready_cluster_the_error_says_how_to_get_one(client: bottega.Client) -> None:
    client.down("local")
    with pytest.raises(bottega.BottegaError, match="%bottega up local"):
        client.run(CONFIG)


def test_following_a_run_that_does_not_exist_says_so(client: bottega.Client) -> None:
    with pytest.raises(bottega.BottegaError, match="There is no run unknown"):
        list(client.follow("unknown"))
