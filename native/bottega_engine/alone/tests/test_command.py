"""`bottega-engine run` as a person calls it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bottega_engine.environments.tests.wheels import make_wheel

RUN = [sys.executable, "-m", "bottega_engine.alone.command", "run"]
CONFIG = """
extends: base.run.yaml
max_steps: 2
loss: hooks:loss
"""
BASE = """
kind: finetune
model: models/tiny
data: {train: data/train.jsonl, max_length: 64}
max_steps: 50
"""


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *words], cwd=folder, capture_output=True, text=True, timeout=150)


@pytest.mark.timeout(300)
def test_a_config_is_trained_in_its_folder_from_anywhere(project: Path, tmp_path: Path) -> None:
    (project / "base.run.yaml").write_text(BASE)
    (project / "small.run.yaml").write_text(CONFIG)
    (project / "hooks.py").write_text("def loss(model, batch):\n    return model(**batch).loss\n")
    done = run(project / "small.run.yaml", "--data", tmp_path / "data", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^step (\d)  loss", done.stdout, re.MULTILINE) == ["1", "2"]
    assert re.search(r"^first_step \d+\.\d+ s$", done.stderr, re.MULTILINE)
    assert done.stderr.endswith("done\n")
    [folder] = (tmp_path / "data" / "runs").iterdir()
    assert (folder / "output" / "final" / "adapter_model.safetensors").exists()
    last = json.loads((folder / "events.jsonl").read_text().splitlines()[-1])
    assert (last["type"], last["state"], last["exit_code"]) == ("status", "done", 0)
    assert not list(project.rglob("__pycache__"))


def test_problems_are_printed_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "bad.run.yaml").write_text("kind: finetune\nmodle: x\ndata: {train: t.jsonl}\n")
    refused = run("bad.run.yaml", folder=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "bad.run.yaml:1:1: model is missing.",
        "bad.run.yaml:2:1: Unknown key modle. Did you mean model?",
    ]
    assert run("none.run.yaml", folder=tmp_path).stderr.startswith("none.run.yaml cannot be read")


@pytest.mark.timeout(300)
def test_two_ranks_of_a_script_report_and_its_exit_code_is_the_commands(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import os, sys, bottega_engine\n"
        "print('rank', os.environ['RANK'], 'of', os.environ['WORLD_SIZE'], os.environ.get('RAY_ADDRESS'))\n"
        "if os.environ['RANK'] == '0': bottega_engine.report({'loss': 0.5})\n"
        "sys.exit(7)\n"
    )
    (tmp_path / "script.run.yaml").write_text("kind: script\ncommand: train.py\nresources: {ranks: 2}\n")
    ended = run("script.run.yaml", "--data", tmp_path / "data", folder=tmp_path)
    assert ended.returncode == 7
    assert sorted(ended.stdout.splitlines()) == ["rank 0 of 2 None", "rank 1 of 2 None"]
    assert "step 1  loss 0.5\n" in ended.stderr
    assert re.search(r"^failed: rank [01] ended with exit code 7$", ended.stderr, re.MULTILINE)


@pytest.mark.timeout(300)
def test_ctrl_c_stops_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(1000)\n")
    (tmp_path / "waits.run.yaml").write_text("kind: script\ncommand: waits.py\n")
    process = subprocess.Popen(
        [*RUN, "waits.run.yaml", "--data", "data"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.endswith("stopped\n")


@pytest.mark.timeout(300)
def test_packages_of_the_run_are_there_and_a_conflict_is_told(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "own", "1.0", "own", "NAME = 'own package'")
    (tmp_path / "say.py").write_text("import own\nprint(own.NAME)\n")
    (tmp_path / "say.run.yaml").write_text(f"kind: script\ncommand: say.py\ndependencies: [./{wheel.name}]\n")
    done = run("say.run.yaml", "--data", tmp_path / "data", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "own package\n"), done.stderr
    (tmp_path / "requirements.txt").write_text(f"./{wheel.name}\nown==2\n")
    (tmp_path / "say.run.yaml").write_text("kind: script\ncommand: say.py\n")
    failed = run("say.run.yaml", "--data", tmp_path / "data", folder=tmp_path)
    assert failed.returncode == 1
    assert "failed: The packages it needs could not be installed. " in failed.stderr
