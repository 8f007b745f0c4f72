"""Cold, forked and resident starts: what they find, and that the numbers are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bottega_engine.finetune.tests.conftest import make_config
from bottega_engine.node.tests.keeper_process import KeeperProcess, RunSeen


def config_of(start: str = "resident", **changes: Any) -> dict[str, Any]:
    lora = {"dropout": 0.1, **changes.pop("lora", {})}
    return make_config(
        **{"start": start, "model": "models/one", "method": "lora", "max_steps": 4, "lora": lora, **changes}
    )


def saved(run: RunSeen) -> dict[str, bytes]:
    """The files of the final model; the folder of the run in them is replaced."""
    final = run.folder / "output" / "final"
    return {
        path.name: path.read_bytes().replace(str(run.folder).encode(), b"<run>")
        for path in final.iterdir()
        if path.is_file()
    }


@pytest.mark.parametrize("method", ["lora", "full"])
async def test_cold_forked_and_resident_runs_are_equal_to_the_bit(
    keeper: KeeperProcess, project: Path, method: str
) -> None:
    runs = {
        start: await keeper.run(project, config_of(level, method=method))
        for start, level in (
            ("cold", "cold"),
            ("forked", "forked"),
            ("first", "resident"),
            ("resident", "resident"),
            ("again", "resident"),
        )
    }
    levels = {start: run.level for start, run in runs.items()}
    assert levels == {
        "cold": "cold",
        "forked": "forked",
        "first": "forked",
        "resident": "resident",
        "again": "resident",
    }
    cold = runs["cold"]
    assert len(cold.metric("loss")) == 4
    assert len(set(cold.metric("loss"))) == 4
    for run in runs.values():
        assert run.metric("loss") == cold.metric("loss")
        assert run.metric("grad_norm") == cold.metric("grad_norm")
        assert saved(run) == saved(cold)
        assert run.of_type("notice") == []
    assert "base" in runs["first"].phases
    assert all("base" not in run.phases for name, run in runs.items() if name != "first")


async def test_the_log_says_what_was_kept(keeper: KeeperProcess, project: Path) -> None:
    first = await keeper.run(project, config_of())
    assert first.start["reason"] == "The first run with models/one: it is loaded once and kept."
    again = await keeper.run(project, config_of())
    assert again.start["reason"].startswith("The base model models/one was in memory, kept for ")
    cold = await keeper.run(project, config_of("cold"))
    assert cold.start["reason"] == "start: cold in the config."
    [told] = keeper.templates
    assert (told.label, told.is_needed) == ("models/one", False)
    assert told.size_bytes > (project / "models" / "one" / "model.safetensors").stat().st_size * 0.9
