"""The same table as in schema/src/validate/validate.test.ts: the same sentences are expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bottega_schema import models
from bottega_schema.validate import validate_cluster_spec, validate_run_config

TABLE = json.loads((Path(__file__).parents[3] / "test/fixtures/run-configs.json").read_text("utf-8"))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_a_run_config(case: dict[str, Any]) -> None:
    files = case.get("files", {})

    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return str(files[path])

    config, problems = validate_run_config(case["text"], "this.run.yaml", read)
    said = [f"{p.file + ' ' if p.file else ''}{p.line}:{p.column} {p.message}" for p in problems]
    assert said == case["says"]
    assert (config is None) == bool(case["says"])
    if config is not None:
        model = models.FinetuneConfig if config["kind"] == "finetune" else models.ScriptConfig
        model.model_validate(config)


def test_broken_yaml_is_one_problem_with_its_place() -> None:
    _, problems = validate_run_config("kind: [1\n")
    assert [(p.line, p.message) for p in problems] == [(2, "This is not valid YAML.")]


def test_a_cluster_spec_names_its_provider() -> None:
    assert validate_cluster_spec("provider: local\nname: local\n") == (
        {"provider": "local", "name": "local"},
        [],
    )
    _, problems = validate_cluster_spec("provider: locl\nname: a\n")
    assert problems[0].message == "provider must be local or existing, not locl. Did you mean local?"
