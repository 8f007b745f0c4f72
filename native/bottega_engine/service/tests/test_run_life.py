"""Whatever ranks and people say, in whatever order: the log has no hole, its end is the end, and the state is the log's."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bottega_engine.finetune.tests.conftest import make_config
from bottega_engine.live_config import changed
from bottega_engine.service.records import record_of
from bottega_engine.service.run import ENDED, EVENTS, Run, last_event

RANKS = 2
DIGEST = hashlib.sha256(b"a").hexdigest()
TREE = {
    "digest": DIGEST,
    "entries": [{"path": "a.py", "type": "file", "blob": DIGEST, "size": 1, "executable": False}],
}
numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e6)
values = st.fixed_dictionaries({"learning_rate": st.sampled_from([1e-3, 2.0]), "save_steps": st.just(5)})
records = st.one_of(
    st.builds(
        lambda name, at: {"type": "phase", "name": name, "started": at, "duration_ms": 1.0},
        st.sampled_from(["fork", "imports", "model", "data", "first_step"]),
        numbers,
    ),
    st.just({"type": "status", "state": "running", "reason": "", "max_steps": 9}),
    # What a script makes up.
    st.just({"type": "status", "state": "done", "reason": "forged"}),
    st.just({"type": "gap", "first": 1, "last": 99, "reason": "forged"}),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.builds(lambda text: {"type": "output", "rank": 0, "stream": "stdout", "text": text}, st.text()),
    st.builds(
        lambda step, loss: {"type": "metric", "step": step, "values": {"loss": loss}}, st.integers(), numbers
    ),
    st.builds(
        lambda step, new: {"type": "change", "step": step, "values": new, "before": {}}, st.integers(), values
    ),
    st.builds(
        lambda digest: {"type": "modules", "modules": [{"path": "a.py", "sha256": digest}]},
        st.sampled_from([DIGEST, "0" * 64, "no digest"]),
    ),
)


class RunLife(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(["finetune", "script"]))
    def begin(self, kind: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        resources = {"ranks": RANKS, "cpus_per_rank": 1, "gpus_per_rank": 0}
        config: dict[str, Any] = make_config(method="lora", resources=resources)
        if kind == "script":
            config = {"kind": "script", "command": "python a.py", "env": {}, "resources": resources}
        submit = {"name": "one", "config": config, "tree": TREE, "phases": []}
        self.run = Run.create(self.folder / "run-000001", submit)
        self.end: tuple[str, str] | None = None

    @rule(state=st.sampled_from(["pending", "starting"]), reason=st.sampled_from(["", "waits"]))
    def is_prepared(self, state: str, reason: str) -> None:
        if self.run.state in ("pending", "starting"):
            self.run.set_state(state, reason)

    @rule(said=st.lists(st.tuples(st.integers(0, RANKS - 1), records), max_size=5))
    def ranks_say(self, said: list[tuple[int, dict[str, Any]]]) -> None:
        known = [(rank, record_of({**record, "rank": rank})) for rank, record in said]
        self.run.take([(rank, record) for rank, record in known if record is not None])

    @rule(state=st.sampled_from(ENDED), code=st.sampled_from([None, 0, 1, -9]))
    def ends(self, state: str, code: int | None) -> None:
        self.end = self.end or (state, "over")
        self.run.end(state, "over", code)

    @rule()
    def is_opened_again(self) -> None:
        """As a new engine finds it."""
        before = self.run.log.last_seq
        self.run.log.close()
        self.run = Run(self.run.folder, json.loads((self.run.folder / "submit.json").read_text()))
        assert self.run.log.last_seq == before
        for event in self.run.log.read(1):
            if event["type"] == "status":
                self.run.state, self.run.reason = event["state"], event["reason"]
            elif event["type"] == "change":
                self.run.config, _ = changed(self.run.config, event["values"])

    @invariant()
    def the_log_tells_it_all(self) -> None:
        events = self.run.log.read(1)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        statuses = [event for event in events if event["type"] == "status"]
        assert (self.run.state, self.run.reason) == (statuses[-1]["state"], statuses[-1]["reason"])
        assert not any(event["type"] == "gap" or event.get("reason") == "forged" for event in events)
        ended = [event for event in statuses if event["state"] in ENDED]
        assert len(ended) == (1 if self.end else 0)
        if self.end:
            assert events[-1] == ended[0] == last_event(self.run.folder / EVENTS)
            assert (ended[0]["state"], ended[0]["reason"]) == self.end
        config = self.run.submit["config"]
        for event in events:
            if event["type"] == "change":
                config, _ = changed(config, event["values"])
        assert self.run.config == config

    def teardown(self) -> None:
        if hasattr(self, "run"):
            self.run.log.close()
            shutil.rmtree(self.folder)


RunLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_whatever_happens_to_a_run_its_log_tells_the_truth = RunLife.TestCase
