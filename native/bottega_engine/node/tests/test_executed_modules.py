"""What a run says it executed is what was compiled; changes reach the run through the keeper."""

from __future__ import annotations

import hashlib
import os
import py_compile
from pathlib import Path
from typing import Any

from bottega_engine.finetune.tests.conftest import make_config
from bottega_engine.node import launch as messages
from bottega_engine.node.tests.keeper_process import KeeperProcess, RunSeen

SCRIPT_DEFAULTS: dict[str, Any] = {
    **{"kind": "script", "lane": "warm", "start": "resident", "env": {}},
    "resources": {"ranks": 1, "cpus_per_rank": 1, "gpus_per_rank": 0},
}


def script(command: str) -> dict[str, Any]:
    return {**SCRIPT_DEFAULTS, "command": command}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def executed(run: RunSeen) -> list[tuple[str, str]]:
    return [(each["path"], each["sha256"]) for said in run.of_type("modules") for each in said["modules"]]


def contents(folder: Path, *names: str) -> list[tuple[str, str]]:
    return [(name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in names]


PACKAGE = {
    "app/__init__.py": "",
    "app/__main__.py": "from app.deep import inner\nprint(inner.VALUE)\n",
    "app/deep/__init__.py": "from . import inner\n",
    "app/deep/inner.py": "VALUE = 'inner'\n",
    "spaces/part.py": "VALUE = 'space'\n",
    "lazy.py": "VALUE = 'lazy'\n",
    "never.py": "raise SystemExit('never imported')\n",
    "train.py": "import app.deep, spaces.part\nprint('begun')\nimport lazy\nprint(lazy.VALUE)\n",
}


async def test_a_script_says_its_file_packages_namespaces_and_what_it_imports_later(
    keeper: KeeperProcess, tmp_path: Path
) -> None:
    project = tmp_path / "scripts"
    write(project, PACKAGE)
    names = ["train.py", "app/__init__.py", "app/deep/__init__.py", "app/deep/inner.py", "spaces/part.py"]
    run = await keeper.run(project, script("python train.py"))
    assert sorted(executed(run)) == sorted(contents(project, *names, "lazy.py"))
    module = await keeper.run(project, script("python -m app"))
    names = ["app/__init__.py", "app/__main__.py", "app/deep/__init__.py", "app/deep/inner.py"]
    assert sorted(executed(module)) == sorted(contents(project, *names))


async def test_a_training_says_its_loss_and_its_hook_before_the_first_step(
    keeper: KeeperProcess, project: Path
) -> None:
    write(project, {"hooks/__init__.py": "", "hooks/rows.py": "def keep(row):\n    return row\n"})
    config = make_config(
        model="models/one", start="forked", max_steps=1, loss="who:loss", data={"hook": "hooks.rows:keep"}
    )
    run = await keeper.run(project, config)
    assert sorted(executed(run)) == contents(project, "hooks/__init__.py", "hooks/rows.py", "who.py")
    kinds = [record["type"] for record in run.records]
    assert kinds.index("modules") < kinds.index("metric")


async def test_two_edits_within_one_second_and_stale_bytecode_change_nothing(
    keeper: KeeperProcess, tmp_path: Path
) -> None:
    project = tmp_path / "scripts"
    write(project, {"main.py": "import part\nprint(part.VALUE)\n", "part.py": "VALUE = 'one'\n"})
    first = await keeper.run(project, script("python main.py"))
    py_compile.compile(str(project / "part.py"))
    stat = (project / "part.py").stat()
    (project / "part.py").write_text("VALUE = 'two'\n")
    # As long and as old as the file the bytecode was made of.
    os.utime(project / "part.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    second = await keeper.run(project, script("python main.py"))
    assert (first.output, second.output) == ("one\n", "two\n")
    assert ("part.py", dict(executed(first))["part.py"]) not in executed(second)
    assert contents(project, "part.py")[0] in executed(second)


async def test_a_change_reaches_a_training_whether_it_has_begun_or_not(
    keeper: KeeperProcess, project: Path
) -> None:
    config = make_config(model="models/one", start="forked", max_steps=100_000, loss="wait:loss")
    run = await keeper.submit(project, config)
    await keeper.tell(messages.Change(run.id, {"learning_rate": 1e-3}))
    await keeper.until(lambda: "pid" in run.output)
    await keeper.tell(messages.Change(run.id, {"samples.prompts": ["ü"], "samples.every_steps": 1000}))
    (run.folder / "work" / "go").touch()
    await keeper.until(lambda: len(run.of_type("change")) == 2)
    assert run.of_type("change")[0]["step"] == 1
    assert run.of_type("change")[1]["values"]["samples.prompts"] == ["ü"]
    await keeper.tell(messages.Change(run.id, {"max_steps": 1}))
    await keeper.end_of(run)
    assert [each["final"] for each in run.of_type("checkpoint")] == [True]
    await keeper.tell(messages.Change(run.id, {"learning_rate": 1.0}))
    await keeper.until(lambda: "was not applied" in str(run.of_type("notice")[-1:]))
