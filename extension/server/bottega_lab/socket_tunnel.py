"""WebSockets through the Jupyter server to the agent."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import websocket

from bottega.errors import BottegaError

from .link import MESSAGE_LIMIT_BYTES, AgentLink, headers_to_agent, target_of


class SocketTunnelHandler(WebSocketMixin, websocket.WebSocketHandler, JupyterHandler):
    """Passes messages on, one at a time in each direction: a reader that is slow slows the writer down."""

    def initialize(self, link: AgentLink) -> None:
        self.link = link
        self._agent: aiohttp.ClientWebSocketResponse | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        return MESSAGE_LIMIT_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        if not self.check_origin():
            self.set_status(403)
            self.finish(
                {"code": "unauthorized", "message": "This page may not open a WebSocket to this server."}
            )
            return
        prefix_length = len(self.base_url.rstrip("/") + "/bottega/agent")
        handshake = [
            (name, value)
            for name, value in headers_to_agent(self.request.headers)
            if not name.lower().startswith("sec-websocket-")
        ]
        try:
            self._agent = await self.link.open_socket(
                target_of(self.request.uri or "", prefix_length), handshake
            )
        except BottegaError as error:
            self.set_status(502)
            self.finish(error.body)
            return
        await super().get(*args, **kwargs)
        if self.ws_connection is None:
            await self._agent.close()

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._pump = asyncio.create_task(self._to_browser())

    async def on_message(self, message: str | bytes) -> None:
        """Tornado reads the next message when this one is written."""
        assert self._agent is not None
        try:
            await (
                self._agent.send_str(message) if isinstance(message, str) else self._agent.send_bytes(message)
            )
        except (aiohttp.ClientError, ConnectionError):
            self.close(1001, "the agent ended")

    async def _to_browser(self) -> None:
        assert self._agent is not None
        try:
            async for message in self._agent:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    await self.write_message(message.data, binary=message.type is aiohttp.WSMsgType.BINARY)
        except websocket.WebSocketClosedError:
            # The browser left between two messages; on_close ends the other side.
            return
        self.close(1001, "the agent ended")

    def on_close(self) -> None:
        super().on_close()
        if self._pump is not None:
            self._pump.cancel()
        if self._agent is not None:
            self._closing = asyncio.create_task(self._agent.close())
