"""Cold, forked and resident starts: what they find, and that the numbers are the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from bottega_engine.finetune.tests.conftest import make_config, tiny_llama
from bottega_engine.node import launch as messages
from bottega_engine.node.memory import node_memory
from bottega_engine.node.tests.keeper_process import KeeperProcess, RunSeen, keeper_process


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


async def test_after_a_full_run_the_next_one_begins_from_untouched_weights(
    keeper: KeeperProcess, project: Path
) -> None:
    first, second = [await keeper.run(project, config_of(method="full")) for _ in range(2)]
    assert second.level == "resident"
    assert second.metric("loss") == first.metric("loss")
    assert first.metric("loss")[-1] != first.metric("loss")[0]


SAYS_WHO_MAKES_ADAPTERS = """
from peft.tuners.lora import layer

make = layer.Linear.__init__

def make_and_say(self, *values, **named):
    print("an adapter is made", flush=True)
    make(self, *values, **named)

layer.Linear.__init__ = make_and_say

def loss(model, batch):
    return model(**batch).loss
"""


async def test_runs_that_want_the_same_adapter_find_it_made(keeper: KeeperProcess, project: Path) -> None:
    (project / "says.py").write_text(SAYS_WHO_MAKES_ADAPTERS)
    runs = [
        await keeper.run(project, config_of(loss="says:loss", seed=seed, start=start))
        for seed, start in (
            *((1, "resident"), (1, "resident"), (2, "resident"), (2, "resident"), (2, "resident")),
            *((1, "forked"), (2, "forked")),
        )
    ]
    made = ["an adapter is made" in run.output for run in runs]
    assert made == [False, False, True, False, False, True, True]
    losses = [run.metric("loss") for run in runs]
    assert losses == [losses[5], losses[5], losses[6], losses[6], losses[6], losses[5], losses[6]]
    assert losses[5] != losses[6]


async def test_other_files_in_the_model_folder_are_another_base(keeper: KeeperProcess, project: Path) -> None:
    first = await keeper.run(project, config_of())
    folder = project / "models" / "one"
    shutil.copy(project / "models" / "two" / "model.safetensors", folder / "model.safetensors")
    changed = await keeper.run(project, config_of())
    assert changed.level == "forked"
    assert changed.metric("loss") != first.metric("loss")
    shutil.copytree(folder, project / "models" / "renamed")
    renamed = await keeper.run(project, config_of(model="models/renamed"))
    assert renamed.level == "resident", "the content counts, not the name"
    assert b"models/renamed" in saved(renamed)["adapter_config.json"]


async def test_a_folder_outside_of_the_project_is_known_by_its_files(
    keeper: KeeperProcess, project: Path, models: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(models / "one", folder)
    config = config_of(model=str(folder))
    assert [(await keeper.run(project, config)).level for _ in range(2)] == ["forked", "resident"]
    os.utime(folder / "model.safetensors")
    assert (await keeper.run(project, config)).level == "forked", "somebody may have written it"


async def test_a_base_that_cannot_be_kept_is_loaded_by_the_run(keeper: KeeperProcess, project: Path) -> None:
    folder = project / "models" / "one"
    (folder / "model.safetensors").write_bytes(b"no weights")
    for _ in range(2):
        run = await keeper.run(project, config_of(), expect="failed")
        assert run.level == "forked"
        assert run.end is not None
        assert run.end.reason.startswith("The weights of models/one cannot be read")
    assert keeper.templates == []


def wide_model(project: Path) -> int:
    """Makes `models/wide`, in bfloat16: in memory it is float32, and no file backs it. Answers the bytes there."""
    wide = tiny_llama(hidden_size=512, intermediate_size=1024, num_hidden_layers=4)
    size_bytes = sum(parameter.numel() * 4 for parameter in wide.parameters())
    shutil.copytree(project / "models" / "one", project / "models" / "wide")
    wide.to(torch.bfloat16).save_pretrained(project / "models" / "wide")
    return size_bytes


async def test_concurrent_runs_share_one_base(keeper: KeeperProcess, project: Path) -> None:
    size_bytes = wide_model(project)
    config = config_of(model="models/wide", loss="wait:loss")
    runs = [await keeper.submit(project, config) for _ in range(2)]
    alone = await keeper.submit(project, {**config, "start": "forked"})
    runs.append(alone)
    await keeper.until(lambda: all("pid" in run.output for run in runs))
    await keeper.until(lambda: [template.is_needed for template in keeper.templates] == [True])
    # They wait in their first step: what differs is only where the base lies.
    await keeper.until(lambda: all("data" in run.phases for run in runs))
    assert len(keeper.children("bottega-base")) == 1
    own = [psutil.Process(run.rank_pid).memory_full_info().uss for run in runs]
    for run in runs:
        (run.folder / "work" / "go").touch()
    ended = [await keeper.end_of(run) for run in runs]
    assert max(own[:2]) < own[2] - size_bytes / 2, own
    assert {tuple(run.metric("loss")) for run in ended} == {tuple(alone.metric("loss"))}
    assert [template.label for template in keeper.templates] == ["models/wide"]


async def test_runs_that_come_while_a_base_is_loaded_wait_for_it(
    keeper: KeeperProcess, project: Path
) -> None:
    runs = [await keeper.submit(project, config_of()) for _ in range(3)]
    for run in runs:
        await keeper.end_of(run)
        assert "base" in run.phases
    assert len(keeper.children("bottega-base")) == 1


async def test_a_killed_template_is_made_anew_and_its_run_ends_as_it_should(
    keeper: KeeperProcess, project: Path
) -> None:
    run = await keeper.submit(project, config_of(loss="wait:loss"))
    await keeper.until(lambda: "pid" in run.output)
    [template] = keeper.children("bottega-base")
    template.kill()
    await keeper.until(lambda: keeper.templates == [])
    following = await keeper.run(project, config_of())
    assert following.level == "forked"
    (run.folder / "work" / "go").touch()
    await keeper.end_of(run)
    assert run.end is not None
    assert run.end.exit_code == 0
    assert (await keeper.run(project, config_of())).level == "resident"
    assert psutil.wait_procs([template], timeout=10)[0] == [template], "somebody has reaped it"


async def test_templates_outlive_a_killed_zygote(keeper: KeeperProcess, project: Path) -> None:
    run = await keeper.submit(project, config_of(loss="wait:loss"))
    await keeper.until(lambda: "pid" in run.output)
    [zygote] = keeper.children("bottega-zygote")
    zygote.kill()
    await keeper.until(lambda: keeper.zygote != "ready")
    assert (await keeper.run(project, config_of())).level == "resident"
    (run.folder / "work" / "go").touch()
    await keeper.end_of(run)
    await keeper.until(lambda: keeper.zygote == "ready")
    [template] = keeper.children("bottega-base")
    template.kill()
    await keeper.until(lambda: keeper.templates == [])
    assert psutil.wait_procs([template], timeout=10)[0] == [template], "the keeper has adopted and reaped it"


async def test_the_least_recently_used_base_gives_way(tmp_path: Path, project: Path) -> None:
    size_bytes = wide_model(project)
    shutil.copytree(project / "models" / "wide", project / "models" / "wide2")
    (project / "models" / "wide2" / "README.md").write_text("another one")
    room = (size_bytes + 10_000_000) / node_memory().total_bytes
    async with keeper_process(tmp_path / "small", resident_memory=room) as keeper:
        for model in ("one", "wide", "one", "wide2"):
            await keeper.run(project, config_of(model=f"models/{model}"))
        await keeper.until(lambda: len(keeper.templates) == 2)
        assert {template.label for template in keeper.templates} == {"models/one", "models/wide2"}
        await keeper.until(lambda: len(keeper.children("bottega-base")) == 2)
        shutil.copytree(project / "models" / "wide", project / "models" / "huge")
        with (project / "models" / "huge" / "more.bin").open("wb") as file:
            file.truncate(size_bytes * 2)
        run = await keeper.run(project, config_of(model="models/huge"))
        assert run.level == "forked"
        assert "more than the 0.0 GiB that may stay in memory" in run.start["reason"]


async def test_a_base_that_nobody_uses_goes_after_a_while_and_on_demand(
    tmp_path: Path, project: Path
) -> None:
    async with keeper_process(tmp_path / "short", resident_idle_s=0.5) as keeper:
        run = await keeper.submit(project, config_of(loss="wait:loss"))
        await keeper.until(lambda: "pid" in run.output)
        [told] = keeper.templates
        await keeper.tell(messages.DropTemplate(told.key))
        await keeper.until(lambda: keeper.templates == [])
        (run.folder / "work" / "go").touch()
        await keeper.end_of(run)
        await keeper.run(project, config_of())
        await keeper.until(lambda: keeper.templates != [])
        await keeper.until(lambda: keeper.templates == [])
        psutil.wait_procs(keeper.children("bottega-base"), timeout=5)
        assert keeper.children("bottega-base") == []


async def test_a_run_that_is_stopped_does_not_wait_for_its_base(keeper: KeeperProcess, project: Path) -> None:
    wide_model(project)
    run = await keeper.submit(project, config_of(model="models/wide"))
    await keeper.until(lambda: run.of_type("waiting") != [])
    [zygote] = keeper.children("bottega-zygote")
    zygote.send_signal(signal.SIGSTOP)
    try:
        await keeper.tell(messages.Stop(run.id, 5))
        await asyncio.wait_for(keeper.end_of(run, "stopped"), 10)
    finally:
        zygote.send_signal(signal.SIGCONT)
