"""How a run starts: with the base model in memory, with the libraries in memory, or with nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bottega_engine.node.base_model import BaseModel, base_of
from bottega_engine.node.cold import Interpreters
from bottega_engine.node.forking_process import Forked, Refused, ZygoteFailed
from bottega_engine.node.keeper_record import Say, phase, waiting
from bottega_engine.node.launch import Launch
from bottega_engine.node.templates import Template, TemplateFailed, Templates
from bottega_engine.node.zygotes import Zygotes


class Start:
    """A Forker for one run. When what it would fork from is gone, it takes the next lower level and says so."""

    def __init__(self, level: str, reason: str, zygotes: Zygotes) -> None:
        self.level = level
        self.reason = reason
        self.living = zygotes.living
        self._zygotes = zygotes
        self._template: Template | None = None
        self._give_up: Callable[[], None] = lambda: None

    def use(self, template: Template, templates: Templates) -> None:
        self._template = template
        self._give_up = lambda: templates.give_up(template)

    @property
    def base_key(self) -> str:
        """The key of the base model that a rank may find in memory; empty for none."""
        return self._template.base.key if self._template else ""

    async def fork(self, descriptors: list[int]) -> Forked:
        if self._template is not None:
            try:
                forked = await self._template.fork(descriptors)
                self.living.add(forked[0])
                return forked
            except (Refused, ConnectionError, TimeoutError) as error:
                self.renew()
                self._template = None
                self.level = "forked"
                self.reason = (
                    f"The base model in memory could not be used. {error or 'It did not answer in time.'}"
                )
        if self.level != "cold":
            try:
                return await self._zygotes.fork(descriptors)
            except ZygoteFailed as error:
                self.level, self.reason = "cold", f"There is no process with the libraries in memory. {error}"
        return await Interpreters(self.living, self._zygotes.overlay).fork(descriptors)

    def renew(self) -> None:
        """What it forks from is not as it should be: the next run gets a new one."""
        self._give_up()


class Starts:
    def __init__(self, zygotes: Zygotes, templates: Templates) -> None:
        self._zygotes = zygotes
        self._templates = templates

    async def choose(
        self, launch: Launch, work_dir: Path, say: Say, own_zygotes: Zygotes | None = None
    ) -> Start:
        """Has what the run wants in memory, or finds out why not.

        `own_zygotes` have the packages of this run in place of those that all others have.
        """
        wanted = launch.config["start"]
        zygotes = own_zygotes or self._zygotes
        if wanted == "cold":
            return Start("cold", "start: cold in the config.", zygotes)
        base = base_of(launch, work_dir) if wanted == "resident" and own_zygotes is None else None
        if base is None:
            return Start("forked", _why_forked(launch, own_zygotes is not None), zygotes)
        if (template := self._templates.find(base)) is None:
            return await self._first(base, say)
        kept = f"kept {_ago(time.time() - template.made)}"
        start = Start("resident", f"The base model {base.label} was in memory, {kept}.", zygotes)
        start.use(template, self._templates)
        return start

    async def _first(self, base: BaseModel, say: Say) -> Start:
        """The first run that wants it waits until it is there."""
        began = time.time()
        await say(waiting(f"the base model {base.label} is being loaded"))
        try:
            template = await self._templates.make(base)
        except TemplateFailed as error:
            return Start("forked", f"{base.label} is not kept in memory: {error}", self._zygotes)
        await say(phase("base", began))
        await say(waiting(""))
        start = Start(
            "forked", f"The first run with {base.label}: it is loaded once and kept.", self._zygotes
        )
        start.use(template, self._templates)
        return start


def _why_forked(launch: Launch, has_own_zygotes: bool) -> str:
    config = launch.config
    if config["kind"] == "script":
        return "The libraries were in memory; a script loads its own model."
    if config["start"] == "forked":
        return "start: forked in the config."
    if has_own_zygotes:
        return "The libraries were in memory, with this run's own packages in place of the cluster's."
    if config.get("resume_from_checkpoint") and config["method"] == "full":
        return "The libraries were in memory; the weights come from a checkpoint."
    return f"The libraries were in memory; {config['model']} is not on this node yet."


def _ago(seconds: float) -> str:
    minutes = int(seconds / 60)
    if minutes < 1:
        return f"for {int(seconds)} seconds" if int(seconds) != 1 else "for 1 second"
    return f"for {minutes} minutes" if minutes > 1 else "for 1 minute"
