"""What ranks say as the engine keeps it, on a real log without a cluster."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bottega_engine.eventlog.tests.test_event_log import is_open
from bottega_engine.finetune.tests.conftest import make_config
from bottega_engine.service.changes import check_change
from bottega_engine.service.errors import EngineError
from bottega_engine.service.records import record_of
from bottega_engine.service.run import EVENTS, Run

SCRIPT = {"kind": "script", "command": "a.py", "resources": {"ranks": 2}}
FORK = {"type": "phase", "name": "fork", "started": 1e12, "duration_ms": 50.0}
LINE = {"type": "output", "stream": "stdout", "text": "said\n"}
NUMBER = {"type": "metric", "step": 0, "values": {"loss": 1.0}}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


TREE = {
    "digest": digest("tree"),
    "entries": [{"path": "a.py", "type": "file", "blob": digest("a"), "size": 1, "executable": False}],
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    submit = {
        "name": "one",
        "config": make_config(start="forked", priority=0, method="lora"),
        "tree": TREE,
        "phases": [],
    }
    run = Run.create(tmp_path / "run-000001", submit)
    run.set_state("running")
    run.node = "node"
    return run


def say(run: Run, record: dict[str, Any], rank: int = 0) -> None:
    known = record_of({**record, "rank": rank})
    if known is not None:
        run.take([(rank, known)])


def events(run: Run, kind: str) -> list[dict[str, Any]]:
    return [event for event in run.log.read(1) if event["type"] == kind]


def modules(**texts: str) -> dict[str, Any]:
    return {
        "type": "modules",
        "modules": [{"path": f"{name}.py", "sha256": digest(text)} for name, text in texts.items()],
    }


@pytest.mark.parametrize(
    ("said", "phases"),
    [
        ([LINE], []),
        ([LINE, LINE, FORK], ["first_line"]),
        ([LINE, NUMBER, FORK], ["first_line", "first_step"]),
        ([FORK], []),
        ([FORK, LINE, LINE], ["first_line"]),
        ([FORK, LINE, NUMBER, NUMBER], ["first_line", "first_step"]),
        ([FORK, NUMBER, LINE], ["first_step"]),
    ],
)
def test_a_script_runs_from_its_first_process_to_a_line_and_a_number(
    tmp_path: Path, said: list[dict[str, Any]], phases: list[str]
) -> None:
    run = Run.create(tmp_path / "run-000001", {"name": "one", "config": SCRIPT, "tree": TREE, "phases": []})
    run.set_state("starting", "the libraries are being loaded")
    for record in said:
        say(run, {**record, "rank": 0})
    assert (run.state, run.reason) == (
        ("running", "") if FORK in said else ("starting", "the libraries are being loaded")
    )
    told = events(run, "phase")
    assert [phase["name"] for phase in told] == phases
    begins = [
        FORK["started"] + FORK["duration_ms"],
        *(each["started"] + each["duration_ms"] for each in told),
    ]
    assert [phase["started"] for phase in told] == begins[:-1]


def test_a_script_that_is_being_stopped_when_it_comes_up_says_so_on(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run-000001", {"name": "one", "config": SCRIPT, "tree": TREE, "phases": []})
    run.set_state("starting", "stopping")
    say(run, FORK)
    assert (run.state, run.reason) == ("running", "stopping")


def test_modules_that_equal_the_tree_need_no_words(run: Run) -> None:
    say(run, modules(a="a"))
    assert [event["modules"] for event in events(run, "modules")] == [modules(a="a")["modules"]]
    assert events(run, "notice") == []


def test_a_module_that_was_edited_or_made_after_the_launch_is_a_warning(run: Run) -> None:
    say(run, modules(a="edited", b="made"))
    edited, made = (event["message"] for event in events(run, "notice"))
    assert edited.startswith("a.py was executed with other contents")
    assert made.startswith("b.py was executed, but it is not part")


@pytest.mark.parametrize(
    "record",
    [
        {"type": "modules", "modules": []},
        {"type": "modules", "modules": [{"path": "a.py", "sha256": "no digest"}]},
        {"type": "modules", "modules": [{"path": "a" * 5000, "sha256": digest("a")}]},
        {"type": "modules", "modules": [{"path": "a.py", "sha256": digest("a")}] * 1001},
        {"type": "change", "step": 0, "values": {}, "before": {}},
    ],
)
def test_what_is_no_record_is_dropped(run: Run, record: dict[str, Any]) -> None:
    before = run.log.last_seq
    say(run, record)
    assert run.log.last_seq == before


def test_other_ranks_cannot_speak_for_the_first(run: Run) -> None:
    say(run, modules(a="forged"), rank=1)
    say(run, {"type": "change", "step": 1, "values": {"learning_rate": 1}, "before": {}}, rank=1)
    assert events(run, "modules") == events(run, "change") == []


def test_changes_add_up_to_the_config_as_it_runs(run: Run) -> None:
    check_change(run, {"save_steps": 5})
    with pytest.raises(EngineError) as refused:
        check_change(run, {"save_total_limit": 2})
    assert refused.value.body["problems"][0]["message"] == "save_total_limit needs save_steps."
    say(run, {"type": "change", "step": 2, "values": {"save_steps": 5}, "before": {"save_steps": None}})
    check_change(run, {"save_total_limit": 2})
    say(run, {"type": "change", "step": 3, "values": {"samples.prompts": ["a"]}, "before": {}})
    assert run.config["samples"] == {"prompts": ["a"], "every_steps": 100, "max_new_tokens": 48}
    check_change(run, {"samples.prompts": None})


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        ({"learning_rte": 1}, "invalid_request", "cannot be changed while the run goes on"),
        ({"seed": 1}, "invalid_request", "cannot be changed while the run goes on"),
        ({"learning_rate": -1}, "invalid_config", "does not accept"),
        ({"samples.every_steps": 5}, "invalid_config", "does not accept"),
        ({"samples.prompts": ["x" * 20_000]}, "invalid_request", "16 KiB"),
    ],
)
def test_a_change_that_cannot_be_is_refused(run: Run, values: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(EngineError, match=said) as refused:
        check_change(run, values)
    assert refused.value.body["code"] == code


def test_a_run_that_is_over_has_nothing_to_change(run: Run) -> None:
    run.end("done", "")
    with pytest.raises(EngineError, match="is over"):
        check_change(run, {"learning_rate": 1})


def test_a_run_that_is_over_keeps_neither_its_log_open_nor_the_list_of_its_files(run: Run) -> None:
    assert is_open(run.folder / EVENTS)
    run.end("done", "")
    assert not is_open(run.folder / EVENTS)
    assert run.submit["tree"] == {**TREE, "entries": []}
    assert events(run, "status")[-1]["state"] == "done"
