"""`GET /v1/storage` and `POST /v1/cleanup`."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
from aiohttp import web

from bottega_engine.node.launch import TemplateState
from bottega_engine.service.requests import parse, run_id_of
from bottega_engine.service.retention.cache_folders import CacheFolder, last_used_ms, read_cache_folders
from bottega_engine.service.retention.run_folders import RunFolders, Sizes, read_run_folders
from bottega_engine.service.retention.trash import Trash
from bottega_engine.store import Blobs

DAY_MS = 86_400_000.0
YOUNG_MS = 3_600_000.0
"""A blob that came or was asked for within the hour may belong to a run that is just being sent."""
SWEPT_AT_ONCE = 200

Thing = dict[str, Any]


class CleanupBody(msgspec.Struct):
    dry_run: bool
    unused_days: Annotated[float, msgspec.Meta(ge=0)]
    without: list[str]


class ActiveRun(msgspec.Struct, frozen=True):
    id: str
    created_ms: float
    resumes: str
    """The run whose checkpoint it begins from, or empty."""


class Residents(Protocol):
    """Who has base models in memory, on all nodes."""

    def templates(self) -> list[TemplateState]: ...

    async def drop_template(self, key: str) -> None: ...


class Retention:
    """`active` says which runs go on now. Times come from `now_ms`, so that a test can be at any."""

    def __init__(
        self,
        data: Path,
        blobs: Blobs,
        trash: Trash,
        active: Callable[[], list[ActiveRun]],
        residents: Residents,
        now_ms: Callable[[], float] = lambda: time.time() * 1000,
    ) -> None:
        self._data = data
        self._blobs = blobs
        self._trash = trash
        self._active = active
        self._residents = residents
        self._now_ms = now_ms
        self._sizes = Sizes()
        self._cleaning = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/storage", self._storage), web.post("/v1/cleanup", self._clean_up)]

    async def things(self) -> list[Thing]:
        """Everything that takes space, CachedThings."""
        folders = await self._run_folders(frozenset())
        needed = needed_runs(self._active())
        runs = [
            {
                "kind": "run",
                "id": run.id,
                "label": run.name,
                "size_bytes": run.size_bytes,
                "last_used": run.last_used_ms,
                "run": run.id,
                "is_needed": run.id in needed,
            }
            for run in folders.runs
        ]
        _, blobs = await self._unneeded_blobs(folders, self._now_ms() - YOUNG_MS)
        caches = await asyncio.to_thread(read_cache_folders, self._data)
        in_use_since_ms = self._in_use_since_ms()
        residents = resident_things(self._residents.templates())
        return [*runs, *blobs, *(cache.thing(in_use_since_ms) for cache in caches), *residents]

    async def clean_up(self, dry_run: bool, unused_days: float, without: frozenset[str]) -> list[Thing]:
        """The things that go, or would go. One after the other: two at once would both name the same."""
        async with self._cleaning:
            unused_since_ms = self._now_ms() - unused_days * DAY_MS
            going = without - needed_runs(self._active())
            folders = await self._run_folders(going)
            digests, blobs = await self._unneeded_blobs(
                folders, min(unused_since_ms, self._now_ms() - YOUNG_MS)
            )
            caches = [
                cache
                for cache in await asyncio.to_thread(read_cache_folders, self._data)
                if self._may_go(cache.last_used_ms, unused_since_ms)
            ]
            residents = [
                thing
                for thing in resident_things(self._residents.templates())
                if not thing["is_needed"] and thing["last_used"] <= unused_since_ms
            ]
            if not dry_run:
                for thing in residents:
                    await self._residents.drop_template(thing["id"])
                await self._sweep_blobs(digests, min(unused_since_ms, self._now_ms() - YOUNG_MS))
                caches = [cache for cache in caches if self._takes(cache, unused_since_ms)]
                await self._trash.empty()
            in_use_since_ms = self._in_use_since_ms()
            return [*blobs, *(cache.thing(in_use_since_ms) for cache in caches), *residents]

    async def _run_folders(self, without: frozenset[str]) -> RunFolders:
        going_on = frozenset(run.id for run in self._active())
        read = partial(
            read_run_folders,
            self._data / "runs",
            lambda folder: self._sizes.of(folder, folder.name not in going_on),
            without,
        )
        return await asyncio.to_thread(read)

    async def _unneeded_blobs(self, folders: RunFolders, before_ms: float) -> tuple[list[str], list[Thing]]:
        """Their digests, and the one thing they are, if there are any."""
        if folders.unreadable:
            return [], []
        found = await asyncio.to_thread(self._blobs.untouched_since, before_ms, folders.blobs)
        if not found:
            return [], []
        thing = {
            "kind": "blobs",
            "id": "blobs",
            "label": f"{len(found)} files of project folders that no run needs",
            "size_bytes": sum(blob.size_bytes for blob in found),
            "last_used": max(blob.touched_ms for blob in found),
            "is_needed": False,
        }
        return [blob.digest for blob in found], [thing]

    async def _sweep_blobs(self, digests: list[str], before_ms: float) -> None:
        """Here in the event loop, where a submit touches what it needs: whichever comes first, the other sees it."""
        for start in range(0, len(digests), SWEPT_AT_ONCE):
            for digest in digests[start : start + SWEPT_AT_ONCE]:
                self._blobs.remove_untouched(digest, before_ms)
            await asyncio.sleep(0)

    def _takes(self, cache: CacheFolder, unused_since_ms: float) -> bool:
        """Looks once more, since a run may have begun to use it."""
        last_used = last_used_ms(cache.path)
        if last_used is None or not self._may_go(last_used, unused_since_ms):
            return False
        self._trash.take(cache.path)
        return True

    def _may_go(self, last_used: float, unused_since_ms: float) -> bool:
        return last_used <= unused_since_ms and last_used < self._in_use_since_ms()

    def _in_use_since_ms(self) -> float:
        return min((run.created_ms for run in self._active()), default=float("inf"))

    async def _storage(self, _: web.Request) -> web.Response:
        disk = shutil.disk_usage(self._data)
        free = {"disk_free_bytes": disk.free, "disk_total_bytes": disk.total}
        return web.json_response({"things": await self.things(), **free})

    async def _clean_up(self, request: web.Request) -> web.Response:
        body = parse(await request.read(), CleanupBody)
        without = frozenset(run_id_of(run) for run in body.without)
        return web.json_response({"things": await self.clean_up(body.dry_run, body.unused_days, without)})


def resident_things(templates: list[TemplateState]) -> list[Thing]:
    """One thing for each base model, on however many nodes it is."""
    by_key: dict[str, Thing] = {}
    for template in templates:
        thing = by_key.setdefault(
            template.key,
            {
                "kind": "resident",
                "id": template.key,
                "label": template.label,
                "size_bytes": 0,
                "last_used": 0.0,
                "is_needed": False,
            },
        )
        thing["size_bytes"] += template.size_bytes
        thing["last_used"] = max(thing["last_used"], template.last_used)
        thing["is_needed"] |= template.is_needed
    return list(by_key.values())


def needed_runs(active: list[ActiveRun]) -> frozenset[str]:
    """Active runs, and those they begin from."""
    return frozenset({run.id for run in active} | {run.resumes for run in active if run.resumes})
