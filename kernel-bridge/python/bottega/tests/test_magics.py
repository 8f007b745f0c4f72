from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

import bottega

MIME = "application/vnd.bottega.run+json"
CONFIG = "kind: script\ncommand: python train.py\n"


@pytest.fixture
def shell(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InteractiveShell:
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.extension_manager.load_extension("bottega")
    return made


def say(shell: InteractiveShell, line: str, cell: str | None = None) -> tuple[list[RichOutput], str, str]:
    with capture_output() as captured:
        if cell is None:
            shell.run_line_magic("bottega", line)
        else:
            shell.run_cell_magic("bottega", line, cell)
    return captured.outputs, captured.stdout, captured.stderr


def data(outputs: list[RichOutput], index: int = -1) -> dict[str, Any]:
    return dict(outputs[index].data)


def test_a_cell_runs_and_shows_itself_at_once(shell: InteractiveShell, tmp_path: Path) -> None:
    say(shell, "up local")
    outputs, _, _ = say(shell, "run --name '<script>alert(1)</script>'", CONFIG)
    shown = data(outputs)
    assert shown[MIME]["version"] == 1
    assert shown[MIME]["run"]["folder"] == str(tmp_path)
    assert "<script>" not in shown["text/html"]
    assert shown[MIME]["id"] in shown["text/plain"]


def test_wait_ends_with_the_run_and_shows_its_end(shell: InteractiveShell) -> None:
    say(shell, "up local")
    outputs, _, _ = say(shell, "run --wait", CONFIG)
    assert "done" in data(outputs)["text/plain"]


def test_problems_of_a_config_are_listed_under_their_lines_without_a_traceback(
    shell: InteractiveShell,
) -> None:
    say(shell, "up local")
    outputs, _, stderr = say(shell, "run", "kind: finetune\nlearning_rte: 2e-4\n")
    text = data(outputs)["text/plain"]
    assert "   2 │ learning_rte: 2e-4" in text
    assert "     │ ^^^^^^^^^^^^ unknown key. Did you mean learning_rate?" in text
    assert "learning_rte" in data(outputs)["text/html"]
    assert stderr == ""


def test_the_listings_show_names_and_escape_them(shell: InteractiveShell) -> None:
    assert "No clusters" in data(say(shell, "clusters")[0])["text/plain"]
    say(shell, "up local")
    assert "ready" in data(say(shell, "clusters")[0])["text/plain"]
    say(shell, "run --name '<b>'", CONFIG)
    listing = data(say(shell, "runs")[0])
    assert "<b>" in listing["text/plain"]
    assert "&lt;b&gt;" in listing["text/html"]


def test_logs_stop_profile_and_rerun_take_a_run(shell: InteractiveShell) -> None:
    say(shell, "up local")
    id = data(say(shell, "run --wait", CONFIG)[0])[MIME]["id"]
    assert say(shell, f"logs {id}")[1].count("step ") == 3
    again = data(say(shell, f"rerun {id}")[0])[MIME]["run"]
    assert again["rerun_of"] == id
    assert "next 2 steps" in data(say(shell, f"profile {id} --steps 2")[0])["text/plain"]
    assert "stopped" in data(say(shell, f"stop {again['id']}")[0])["text/plain"]


def test_storage_and_clean_up_are_tables_and_a_kept_run_stays(shell: InteractiveShell) -> None:
    say(shell, "up local")
    id = data(say(shell, "run --wait --name old", CONFIG)[0])[MIME]["id"]
    kept = data(say(shell, "run --wait --name '<kept>'", CONFIG)[0])[MIME]["id"]
    assert data(say(shell, f"keep {kept}")[0])[MIME]["run"]["is_kept"]
    stored = data(say(shell, "storage")[0])["text/plain"]
    assert "tokens" in stored
    assert "1.2 GB" in stored
    rules = "--older-than 0 --newest 0 --unused 15"
    dry = data(say(shell, f"cleanup {rules}")[0])
    assert id in dry["text/plain"]
    assert "You keep it." in dry["text/plain"]
    assert "--apply" in dry["text/plain"]
    assert "&lt;kept&gt;" in dry["text/html"]
    real = data(say(shell, f"cleanup {rules} --apply")[0])["text/plain"]
    assert "Freed" in real
    assert [run.id for run in bottega.connect().runs()] == [kept]
    assert not data(say(shell, f"keep {kept} --let-go")[0])[MIME]["run"]["is_kept"]


def test_set_changes_live_fields_of_a_running_run(shell: InteractiveShell) -> None:
    say(shell, "up local")
    id = data(say(shell, "run", f"{CONFIG}# rehearse 400 every 50\n")[0])[MIME]["id"]
    events = bottega.connect().follow(id)
    next(event for event in events if event["type"] == "status" and event["state"] == "running")
    outputs, _, _ = say(shell, f"set {id} learning_rate=1e-4 samples.prompts='[\"a\"]' save_steps=null")
    assert "learning_rate: 0.0001" in data(outputs)["text/plain"]
    change = next(event for event in events if event["type"] == "change")
    assert change["values"] == {"learning_rate": 1e-4, "samples.prompts": ["a"], "save_steps": None}
    assert "KEY=VALUE" in say(shell, f"set {id} learning_rate")[2]
    bottega.connect().get(id).change({"samples": {"every_steps": 10}}, max_steps=200)
    change = next(event for event in events if event["type"] == "change")
    assert change["values"] == {"samples.every_steps": 10, "max_steps": 200}
    bottega.connect().stop(id)


def test_branch_begins_a_run_from_a_checkpoint(shell: InteractiveShell) -> None:
    say(shell, "up local")
    id = data(say(shell, "run --wait", "kind: finetune\nmax_steps: 3\n")[0])[MIME]["id"]
    outputs, _, _ = say(shell, f"branch {id}/checkpoint-2 learning_rate=1e-4 samples.every_steps=5")
    sent = json.loads(data(outputs)[MIME]["run"]["config"])
    assert sent["resume_from_checkpoint"] == f"{id}/checkpoint-2"
    assert (sent["learning_rate"], sent["samples"], sent["max_steps"]) == (1e-4, {"every_steps": 5}, 3)
    assert json.loads(data(say(shell, f"branch {id}")[0])[MIME]["run"]["config"])["max_steps"] == 6
    assert "RUN/checkpoint-20" in say(shell, f"branch {id}/checkpoint-last")[2]


def test_a_line_that_is_no_command_shows_the_usage(shell: InteractiveShell) -> None:
    outputs, _, stderr = say(shell, "fly")
    assert "invalid choice" in stderr
    assert outputs == []
    assert "takes no cell" in say(shell, "runs", "x")[2]


def test_an_error_of_the_agent_is_a_sentence(shell: InteractiveShell) -> None:
    outputs, _, stderr = say(shell, "logs nothing-here")
    assert data(outputs)["text/plain"] == "There is no run nothing-here."
    assert stderr == ""


def test_an_interrupt_ends_the_wait_and_not_the_run(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(shell, "up local")
    follow = bottega.Client.follow

    def interrupted(self: bottega.Client, id: str, **how: Any) -> Any:
        yield next(follow(self, id, **how))
        raise KeyboardInterrupt

    monkeypatch.setattr(bottega.Client, "follow", interrupted)
    outputs, stdout, _ = say(shell, "run --wait", "kind: script\ncommand: forever\n")
    assert "the run goes on" in stdout
    assert bottega.connect().get(data(outputs, 0)[MIME]["id"]).state == "running"


def test_the_extension_can_be_unloaded(shell: InteractiveShell) -> None:
    shell.extension_manager.unload_extension("bottega")
    assert shell.find_line_magic("bottega") is None
    assert shell.find_cell_magic("bottega") is None
