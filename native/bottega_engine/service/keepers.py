"""The keepers of all nodes: started through Ray, connected to the engine by one WebSocket each."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import ray
from aiohttp import WSMsgType, web
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bottega_engine.node import launch as messages
from bottega_engine.node.keeper import KeeperSettings
from bottega_engine.node.keeper_actor import KeeperActor
from bottega_engine.service.errors import EngineError
from bottega_engine.service.nodes import NodeView, alive_nodes, node_resources
from bottega_engine.service.settings import Settings
from bottega_engine.store import Blobs

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 60.0
LOOK_EVERY_S = 5.0
RESTART_DELAY_S = 2.0
AT_NORMAL_PRIORITY = {"env_vars": {"RAY_worker_niceness": "0"}}
"""Ray runs its workers at niceness 15; a keeper, and the runs that inherit from it, would start last on a busy machine."""
RAY_ERRORS = (ray.exceptions.RayError, RuntimeError, OSError)
"""A cluster whose control store is away for a moment answers with any of these."""


class RunSink(Protocol):
    """Who hears what keepers say of runs."""

    def records(self, run_id: str, records: list[dict[str, Any]]) -> None: ...

    def ended(self, run_id: str, state: str, reason: str, exit_code: int | None) -> None: ...

    def node_lost(self, node: str) -> None: ...


class Keepers:
    """`changed` is called whenever the resources of a node, its memory or its zygote changed."""

    def __init__(
        self, engine_settings: Settings, blobs: Blobs, sink: RunSink, changed: Callable[[], None]
    ) -> None:
        self._engine_settings = engine_settings
        self._blobs = blobs
        self._sink = sink
        self._secret = secrets.token_hex(32)
        self._head = ray.get_runtime_context().get_node_id()
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._connected: dict[str, asyncio.Event] = {}
        self._zygotes: dict[str, str] = {}
        self._memory: dict[str, tuple[int, int]] = {}
        self._templates: dict[str, list[messages.TemplateState]] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._view = NodeView(lambda: node_resources(dict(self._zygotes), dict(self._memory)), changed)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/keepers/{node}", self._connect),
            web.get("/v1/keepers/blobs/{digest}", self._blob),
        ]

    def resources(self) -> list[dict[str, Any]]:
        """NodeResources of all nodes, as they were last seen."""
        return self._view.resources()

    async def watch(self, engine: str) -> None:
        """Puts a keeper on every node, for ever. `engine` is the address of this service in the cluster."""
        while True:
            try:
                for node in await asyncio.to_thread(alive_nodes):
                    node_id = node["NodeID"]
                    if node_id not in self._keeping:
                        self._keeping[node_id] = asyncio.create_task(self._keep(node_id, engine))
                await self.look()
            except RAY_ERRORS as error:
                log.warning("Ray does not say which nodes there are: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    def is_warm(self, node: str) -> bool:
        return self._zygotes.get(node) == "ready"

    def templates(self) -> list[messages.TemplateState]:
        """The base models in memory, on all nodes."""
        return [template for templates in self._templates.values() for template in templates]

    async def drop_template(self, key: str) -> None:
        """Frees the memory of a base model on every node that has it, once no run uses it. Raises EngineError."""
        for node, templates in list(self._templates.items()):
            if any(template.key == key for template in templates):
                await self.send(node, messages.DropTemplate(key))

    async def look(self) -> None:
        """Looks at the nodes now, and says so when something has changed."""
        await self._view.look()

    async def send(self, node: str, message: messages.ToKeeper) -> None:
        """Raises EngineError when the node has no keeper."""
        try:
            await asyncio.wait_for(
                self._connected.setdefault(node, asyncio.Event()).wait(), CONNECT_TIMEOUT_S
            )
            await self._sockets[node].send_bytes(messages.encode(message))
        except (TimeoutError, KeyError, ConnectionError) as error:
            raise EngineError("engine_failed", "The node of the run does not answer.") from error

    async def _keep(self, node: str, engine: str) -> None:
        """Runs one keeper after another while the node is alive."""
        is_head = node == self._head
        said = self._engine_settings
        settings = KeeperSettings(
            engine=engine,
            secret=self._secret,
            node=node,
            data=str(said.data),
            is_head=is_head,
            resident_memory=said.resident_memory,
            resident_idle_s=said.resident_minutes * 60,
        )
        while await self._is_alive(node):
            strategy = NodeAffinitySchedulingStrategy(node, soft=False)
            options = KeeperActor.options(scheduling_strategy=strategy, runtime_env=AT_NORMAL_PRIORITY)
            try:
                actor = await asyncio.to_thread(options.remote)
                code = await actor.run.remote(msgspec.json.encode(settings))
                log.warning("The keeper of node %s ended with code %s.", node, code)
            except RAY_ERRORS as error:
                log.warning("The keeper of node %s is gone: %s", node, error)
            await asyncio.sleep(RESTART_DELAY_S)
        del self._keeping[node]

    async def _is_alive(self, node: str) -> bool:
        try:
            return any(each["NodeID"] == node for each in await asyncio.to_thread(alive_nodes))
        except RAY_ERRORS:
            return False

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        self._authorize(request)
        node = request.match_info["node"]
        socket = web.WebSocketResponse(max_msg_size=0, heartbeat=20)
        await socket.prepare(request)
        self._sockets[node] = socket
        self._connected.setdefault(node, asyncio.Event()).set()
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    self._hear(node, messages.decode_from_keeper(message.data))
        finally:
            self._connected[node].clear()
            del self._sockets[node]
            self._templates.pop(node, None)
            # The next keeper begins with a new one.
            self._zygotes.pop(node, None)
            self._sink.node_lost(node)
            self._look_later()
        return socket

    def _hear(self, node: str, message: messages.FromKeeper) -> None:
        match message:
            case messages.Records():
                self._sink.records(message.run_id, message.records)
            case messages.Ended():
                self._sink.ended(message.run_id, message.state, message.reason, message.exit_code)
            case messages.ZygoteState():
                self._zygotes[node] = message.state
                self._look_later()
            case messages.Templates():
                self._templates[node] = message.templates
            case messages.Memory():
                self._memory[node] = (message.total_bytes, message.used_bytes)

    def _look_later(self) -> None:
        self._looking = asyncio.create_task(self.look())

    async def _blob(self, request: web.Request) -> web.FileResponse:
        self._authorize(request)
        digest = request.match_info["digest"]
        if self._blobs.missing([digest]):
            raise EngineError("not_found", f"There is no blob {digest}.")
        return web.FileResponse(self._blobs.path(digest))

    def _authorize(self, request: web.Request) -> None:
        said = request.headers.get("Authorization", "")
        if not hmac.compare_digest(said.encode(), f"Bearer {self._secret}".encode()):
            raise EngineError("unauthorized", "This is not a keeper of this engine.")
