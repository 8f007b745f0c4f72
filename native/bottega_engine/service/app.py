"""The engine's HTTP API (schema/src/engine-api.ts)."""

from __future__ import annotations

import hashlib
import hmac
import platform
import time
import uuid
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

from aiohttp import web

from bottega_engine.service.errors import EngineError, errors_as_json
from bottega_engine.service.files import file_response
from bottega_engine.service.keepers import Keepers
from bottega_engine.service.requests import (
    ChangeBody,
    MissingBody,
    ProfileBody,
    StopBody,
    blobs_of,
    parse,
    run_id_of,
    submit_of,
)
from bottega_engine.service.retention import Retention
from bottega_engine.service.runs import Runs
from bottega_engine.service.stream import Streams
from bottega_engine.service.trace_files import traces_response
from bottega_engine.store import Blobs
from bottega_engine.store.blobs import BrokenPack
from bottega_schema import API_VERSION

LARGEST_BODY = 64 * 1024 * 1024
MOST_EVENTS = 10_000
VERSION = "0.1.0"


class Api:
    def __init__(
        self,
        token_sha256: str,
        blobs: Blobs,
        runs: Runs,
        keepers: Keepers,
        streams: Streams,
        retention: Retention,
    ) -> None:
        self._token_sha256 = token_sha256
        self._blobs = blobs
        self._runs = runs
        self._keepers = keepers
        self._streams = streams
        self._retention = retention
        self.incarnation = uuid.uuid4().hex
        self._started = time.time() * 1000

    def app(self) -> web.Application:
        app = web.Application(middlewares=[errors_as_json, self._authorize], client_max_size=LARGEST_BODY)
        app.add_routes(
            [
                *self._keepers.routes(),
                *self._retention.routes(),
                web.get("/v1/info", self._info),
                web.post("/v1/blobs/missing", self._missing),
                web.post("/v1/blobs", self._add_blobs),
                web.get("/v1/runs", self._list),
                web.put("/v1/runs/{id}", self._submit),
                web.get("/v1/runs/{id}", self._run),
                web.delete("/v1/runs/{id}", self._delete),
                web.post("/v1/runs/{id}/stop", self._stop),
                web.post("/v1/runs/{id}/profile", self._profile),
                web.patch("/v1/runs/{id}/config", self._change),
                web.get("/v1/runs/{id}/events", self._events),
                web.get("/v1/runs/{id}/files/{path:.+}", self._file),
                web.get("/v1/runs/{id}/traces/{name}", self._traces),
                web.get("/v1/stream", self._streams.serve),
            ]
        )
        return app

    @web.middleware
    async def _authorize(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        # Keepers have a secret of their own, which their routes check.
        if not request.path.startswith("/v1/keepers/"):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
            if scheme != "Bearer" or not hmac.compare_digest(digest, self._token_sha256):
                raise EngineError("unauthorized", "The token is missing or wrong.")
        return await handler(request)

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "name": "bottega-engine",
                "version": VERSION,
                "api_version": API_VERSION,
                "incarnation": self.incarnation,
                "started": self._started,
                "ray_version": version("ray"),
                "python_version": platform.python_version(),
                "torch_version": version("torch"),
                "nodes": self._keepers.resources(),
            }
        )

    async def _missing(self, request: web.Request) -> web.Response:
        body = parse(await request.read(), MissingBody)
        return web.json_response({"missing": self._missing_of(body.blobs)})

    async def _add_blobs(self, request: web.Request) -> web.Response:
        try:
            await self._blobs.add_pack(request.content.iter_any())
        except BrokenPack as error:
            raise EngineError("invalid_request", str(error)) from error
        return web.Response(status=204)

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(self._runs.all())

    async def _submit(self, request: web.Request) -> web.Response:
        run_id = run_id_of(request.match_info["id"])
        submit = submit_of(await request.read())
        if missing := self._missing_of(blobs_of(submit["tree"])):
            message = f"{len(missing)} files of the project folder have not arrived."
            raise EngineError("conflict", message, "Send them and try again.", details="\n".join(missing))
        return web.json_response(self._runs.submit(run_id, submit).record())

    async def _run(self, request: web.Request) -> web.Response:
        return web.json_response(self._runs.get(_id(request)).record())

    async def _delete(self, request: web.Request) -> web.Response:
        self._runs.delete(_id(request))
        return web.Response(status=204)

    async def _stop(self, request: web.Request) -> web.Response:
        body = parse(await request.read(), StopBody)
        run = self._runs.get(_id(request))
        self._runs.attendant.stop(run, body.grace_seconds)
        return web.json_response(run.record())

    async def _profile(self, request: web.Request) -> web.Response:
        body = parse(await request.read(), ProfileBody)
        await self._runs.attendant.profile(self._runs.get(_id(request)), body.steps)
        return web.Response(status=204)

    async def _change(self, request: web.Request) -> web.Response:
        body = parse(await request.read(), ChangeBody)
        await self._runs.attendant.change(self._runs.get(_id(request)), body.values)
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.Response:
        run = self._runs.get(_id(request))
        limit = min(_number(request, "limit", MOST_EVENTS), MOST_EVENTS)
        events, _ = run.log.read_page(_number(request, "from", 1), limit)
        body = b'{"events":[%b],"last_seq":%d}' % (events, run.log.last_seq)
        return web.Response(body=body, content_type="application/json")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return file_response(self._runs.get(_id(request)).output, request.match_info["path"])

    async def _traces(self, request: web.Request) -> web.StreamResponse:
        return await traces_response(request, self._runs.get(_id(request)), request.match_info["name"])

    def _missing_of(self, digests: list[str]) -> list[str]:
        try:
            return self._blobs.missing(digests)
        except ValueError as error:
            raise EngineError("invalid_request", f"{error}.") from error


def _id(request: web.Request) -> str:
    return run_id_of(request.match_info["id"])


def _number(request: web.Request, name: str, default: int) -> int:
    text: Any = request.query.get(name, default)
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise EngineError("invalid_request", f"{name} must be a whole number from 1 on.")
    return number
