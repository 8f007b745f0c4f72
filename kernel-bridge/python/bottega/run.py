"""A run as code holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .show import run_bundle
from .stream import ENDED

if TYPE_CHECKING:
    from .client import Client


class Run:
    """`record` is the run as it was last seen, with the names of schema/src/run.ts."""

    def __init__(self, client: Client, record: dict[str, Any]) -> None:
        self.client = client
        self.record = record

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def state(self) -> str:
        return str(self.record["state"])

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def refresh(self) -> Run:
        self.record = self.client.get(self.id).record
        return self

    def wait(self) -> Run:
        """Waits for the end; an interrupt ends the wait and not the run."""
        if not self.refresh().has_ended:
            for _ in self.client.follow(self.id, self.record["last_seq"] + 1, output="tail"):
                pass
        return self.refresh()

    def events(self, from_seq: int = 1) -> Iterator[dict[str, Any]]:
        """Every event from a number on, live, until the log ends."""
        return self.client.follow(self.id, from_seq)

    def logs(self) -> Iterator[str]:
        """What the ranks print, as it comes, until the run ends."""
        return (event["text"] for event in self.events() if event["type"] == "output")

    def stop(self) -> Run:
        self.record = self.client.stop(self.id).record
        return self

    def profile(self, steps: int = 5) -> None:
        self.client.profile(self.id, steps)

    def change(self, values: dict[str, Any] | None = None, **fields: Any) -> None:
        """Changes live fields while the run goes on, from its next step: `run.change(learning_rate=1e-4)`.

        Fields of a section by dotted key or nested: `run.change({"samples": {"every_steps": 10}})`. None takes one away.
        """
        self.client.change(self.id, {**(values or {}), **fields})

    def branch(self, step: int | None = None, changes: dict[str, Any] | None = None, **fields: Any) -> Run:
        """A new run from the checkpoint at a step, or from the last one: `run.branch(20, learning_rate=1e-4)`.

        What should be different is given as in `change`, and may be any key of the config.
        """
        return self.client.branch(self.id, step, {**(changes or {}), **fields})

    def __repr__(self) -> str:
        return str(run_bundle(self.record)["text/plain"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return run_bundle(self.record)
