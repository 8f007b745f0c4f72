"""Folders for runs to work in. The one for the next run is made while the last one trains: in the loop of edit and run
only what was edited is written, however many files the project has.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bottega_engine.store import Blobs, Layout, check_tree
from bottega_engine.store.tree import Entry

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""The start of the run that was asked for comes first."""
MOST_SPARES = 3
"""For so many projects in turns."""

Entries = Mapping[str, Entry]


class WorkFolders:
    """`spares` is where the folders of next runs lie, on the disk of the runs; None when others use that disk as well."""

    def __init__(self, spares: Path | None, blobs: Blobs) -> None:
        if spares is not None:
            # Nobody knows what is in a folder in which a killed keeper was writing.
            shutil.rmtree(spares, ignore_errors=True)
        self._folder = spares
        self._blobs = blobs
        self._spares: list[Layout] = []
        """The oldest first."""
        self._lock = threading.Lock()
        self._filling: asyncio.Task[None] | None = None
        self._is_needed = asyncio.Event()

    async def lay_out(self, tree: dict[str, Any], work: Path) -> None:
        """Makes `work`, which is not there, hold the tree. Raises InvalidTree and OSError."""
        if self._filling is not None:
            # What it has made so far is of use already.
            self._is_needed.set()
            await asyncio.wait([self._filling])
        entries = await asyncio.to_thread(self._make, tree, work)
        if self._folder is not None and (self._filling is None or self._filling.done()):
            self._is_needed.clear()
            self._filling = asyncio.create_task(self._fill_another(entries, self._folder))

    def _make(self, tree: dict[str, Any], work: Path) -> Entries:
        entries = check_tree(tree)
        if (spare := self._take(entries)) is None:
            Layout(work, self._blobs).become(entries)
            return entries
        try:
            spare.become(entries)
            work.parent.mkdir(parents=True, exist_ok=True)
            spare.folder.rename(work)
        except BaseException:
            _drop(spare)
            raise
        return entries

    def _take(self, entries: Entries) -> Layout | None:
        """The spare folder that is nearest to these; None when an empty one is as near."""
        with self._lock:
            saves = [_saves(spare, entries) for spare in self._spares]
            most = max(saves, default=0)
            return self._spares.pop(saves.index(most)) if most else None

    async def _fill_another(self, entries: Entries, folder: Path) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_needed.wait(), PAUSE_S)
        if self._is_needed.is_set():
            return
        try:
            await asyncio.to_thread(self._fill, entries, folder / secrets.token_hex(8))
        except OSError as error:
            log.warning("No folder could be made for the next run: %s", error)

    def _fill(self, entries: Entries, folder: Path) -> None:
        if any(_saves(spare, entries) > len(entries) / 2 for spare in self._spares):
            return
        layout = Layout(folder, self._blobs)
        try:
            layout.become(entries, self._is_needed.is_set)
        except BaseException:
            _drop(layout)
            raise
        with self._lock:
            self._spares.append(layout)
            dropped, self._spares = self._spares[:-MOST_SPARES], self._spares[-MOST_SPARES:]
        for spare in dropped:
            _drop(spare)


def _saves(spare: Layout, entries: Entries) -> int:
    try:
        return max(0, spare.saves(entries))
    except OSError:
        # Somebody removed it.
        return 0


def _drop(layout: Layout) -> None:
    shutil.rmtree(layout.folder, ignore_errors=True)
