"""A clean-up takes what its dry run said, and never what a run needs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bottega_engine.node.launch import TemplateState
from bottega_engine.service.retention import Retention, Trash
from bottega_engine.service.retention.retention import DAY_MS, YOUNG_MS, ActiveRun
from bottega_engine.store import Blobs

CONTENTS = [f"content {number}".encode() for number in range(6)]
CACHES = ("tokens", "environments")


class Cluster:
    """The data folder of an engine; `ahead_ms` is how much later than now it is, as blobs cannot be made old."""

    def __init__(self, ahead_ms: float = 0.0) -> None:
        self.data = Path(mkdtemp(prefix="retention-"))
        self.blobs = Blobs(self.data / "blobs")
        (self.data / "runs").mkdir()
        self.active: list[ActiveRun] = []
        self.resident: list[TemplateState] = []
        self.ahead_ms = ahead_ms

    def retention(self) -> Retention:
        trash = Trash(self.data / "trash")
        return Retention(self.data, self.blobs, trash, lambda: self.active, self, self.now_ms)

    def templates(self) -> list[TemplateState]:
        return self.resident

    async def drop_template(self, key: str) -> None:
        self.resident = [template for template in self.resident if template.key != key]

    def now_ms(self) -> float:
        return time.time() * 1000 + self.ahead_ms

    def add_run(self, run_id: str, contents: list[bytes]) -> None:
        folder = self.data / "runs" / run_id
        (folder / "output").mkdir(parents=True)
        entries = [
            {"path": f"{self.blobs.add(data)}.py", "type": "file", "blob": sha256(data)} for data in contents
        ]
        (folder / "submit.json").write_text(json.dumps({"name": run_id, "tree": {"entries": entries}}))
        (folder / "events.jsonl").write_text("{}\n")

    def add_cache(self, kind: str, key: str, used_days_ago: float) -> None:
        folder = self.data / kind / key
        folder.mkdir(parents=True)
        (folder / "0.bin").write_bytes(b"x" * 100)
        (folder / "last_used").touch()
        used = self.now_ms() / 1000 - used_days_ago * 86_400
        os.utime(folder / "last_used", (used, used))

    def found(self) -> set[str]:
        blobs = {path.name for path in (self.data / "blobs").iterdir()}
        return blobs | {path.name for kind in CACHES for path in (self.data / kind).glob("*")}

    def remove(self) -> None:
        shutil.rmtree(self.data)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def named(things: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(thing["kind"], thing["id"]) for thing in things]


run_contents = st.lists(st.sampled_from(CONTENTS), max_size=4)


def in_the_day(days: int) -> float:
    return days + 0.25


@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(run_contents, max_size=5),
    lonely=run_contents,
    # Never at the very age that decides: time goes on between the dry run and the real one.
    caches=st.lists(st.tuples(st.sampled_from(CACHES), st.integers(0, 40).map(in_the_day)), max_size=5),
    active=st.sets(st.integers(0, 4)),
    resumed=st.sampled_from([None, 0, 1, 2]),
    going=st.sets(st.integers(0, 4)),
    unused_days=st.integers(0, 40),
)
def test_the_real_clean_up_takes_exactly_what_its_dry_run_said(
    runs: list[list[bytes]],
    lonely: list[bytes],
    caches: list[tuple[str, float]],
    active: set[int],
    resumed: int | None,
    going: set[int],
    unused_days: float,
) -> None:
    cluster = Cluster(ahead_ms=41 * DAY_MS)
    for number, contents in enumerate(runs):
        cluster.add_run(f"run-{number}", contents)
    for content in lonely:
        cluster.blobs.add(content)
    for number, (kind, days) in enumerate(caches):
        cluster.add_cache(kind, f"cache-{number}", days)
    started_ms = cluster.now_ms() - 5 * DAY_MS
    resumes = "" if resumed is None else f"run-{resumed}"
    cluster.active = [ActiveRun(f"run-{n}", started_ms, resumes) for n in sorted(active) if n < len(runs)]
    needed_runs = {run.id for run in cluster.active} | {run.resumes for run in cluster.active}
    without = frozenset(f"run-{number}" for number in going)

    async def clean() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        retention = cluster.retention()
        dry = await retention.clean_up(True, unused_days, without)
        assert cluster.found() == before
        real = await retention.clean_up(False, unused_days, without)
        return dry, real, await retention.clean_up(False, unused_days, without)

    before = cluster.found()
    dry, real, again = asyncio.run(clean())
    assert dry == real
    assert again == []
    gone = before - cluster.found()
    needed_blobs = {
        sha256(data)
        for number, contents in enumerate(runs)
        for data in contents
        if f"run-{number}" not in without or f"run-{number}" in needed_runs
    }
    assert not gone & needed_blobs
    assert {name for kind, name in named(real) if kind != "blobs"} == {
        name for name in gone if name.startswith("cache-")
    }
    for number, (_, days) in enumerate(caches):
        if cluster.active and days < 5:
            assert f"cache-{number}" in cluster.found()
    assert any(name == "blobs" for _, name in named(real)) == any(len(name) == 64 for name in gone)
    assert not list((cluster.data / "trash").iterdir())
    cluster.remove()


def test_a_blob_that_was_just_sent_or_asked_for_stays() -> None:
    cluster = Cluster()
    cluster.blobs.add(b"new")
    assert asyncio.run(cluster.retention().clean_up(False, 0, frozenset())) == []
    cluster.ahead_ms = YOUNG_MS * 2
    digest = cluster.blobs.add(b"asked for")

    async def asked_for_meanwhile() -> None:
        retention = cluster.retention()
        dry = await retention.clean_up(True, 0, frozenset())
        assert named(dry) == [("blobs", "blobs")]
        before_ms = cluster.now_ms() - YOUNG_MS
        # Somebody asks for it between the look and the sweep: it is touched, as if it had come just now.
        os.utime(cluster.blobs.path(digest), ns=(time.time_ns(), 0))
        cluster.blobs.remove_untouched(digest, before_ms - YOUNG_MS * 2)

    asyncio.run(asked_for_meanwhile())
    assert cluster.blobs.missing([digest]) == []
    cluster.remove()


def test_nothing_is_swept_while_it_is_not_known_what_a_run_needs() -> None:
    cluster = Cluster(ahead_ms=40 * DAY_MS)
    cluster.add_run("run-1", [b"needed"])
    cluster.blobs.add(b"lonely")
    (cluster.data / "runs/run-1/submit.json").write_text("{")
    assert asyncio.run(cluster.retention().clean_up(False, 0, frozenset())) == []
    cluster.remove()


def test_things_say_what_a_person_knows_them_by_and_whether_they_are_in_use() -> None:
    cluster = Cluster(ahead_ms=2 * DAY_MS)
    cluster.add_run("run-1", [b"a"])
    cluster.add_run("run-2", [b"a"])
    (cluster.data / "runs/run-2/output/model.bin").write_bytes(b"x" * 5000)
    cluster.add_cache("tokens", "key-1", 10)
    (cluster.data / "tokens/key-1/label").write_text('{"files": ["data/a.jsonl"], "rows": 1200}')
    cluster.active = [ActiveRun("run-2", cluster.now_ms(), "run-1")]
    things = {thing["id"]: thing for thing in asyncio.run(cluster.retention().things())}
    assert things["run-2"]["size_bytes"] > 5000
    assert things["run-1"]["is_needed"]
    assert things["key-1"]["label"] == "data/a.jsonl · 1,200 rows"
    assert not things["key-1"]["is_needed"]
    cluster.remove()


def test_an_idle_base_model_leaves_the_memory_and_one_in_use_on_any_node_stays() -> None:
    cluster = Cluster()
    old_ms = cluster.now_ms() - 20 * DAY_MS
    cluster.resident = [
        TemplateState("idle", "models/a", 100, old_ms, False),
        TemplateState("idle", "models/a", 100, old_ms - 1, False),
        TemplateState("used", "models/b", 100, old_ms, False),
        TemplateState("used", "models/b", 100, old_ms, True),
        TemplateState("new", "models/c", 100, cluster.now_ms(), False),
    ]
    things = {thing["id"]: thing for thing in asyncio.run(cluster.retention().things())}
    assert (things["idle"]["size_bytes"], things["used"]["is_needed"]) == (200, True)
    gone = asyncio.run(cluster.retention().clean_up(False, 14, frozenset()))
    assert named(gone) == [("resident", "idle")]
    assert {template.key for template in cluster.resident} == {"used", "new"}
    cluster.remove()


def test_what_a_killed_engine_left_in_the_trash_goes_with_the_next() -> None:
    cluster = Cluster()
    cluster.add_run("run-1", [])
    Trash(cluster.data / "trash").take(cluster.data / "runs/run-1")
    assert list((cluster.data / "trash").iterdir())
    asyncio.run(Trash(cluster.data / "trash").empty())
    assert not list((cluster.data / "trash").iterdir())
    cluster.remove()
