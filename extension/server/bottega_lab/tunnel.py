"""HTTP through the Jupyter server to the agent, streamed both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import iostream, web

from bottega.errors import BottegaError

from .link import AgentLink, headers_to_agent, headers_to_browser, target_of

CHUNK_BYTES = 64 * 1024
STATUS_OF = {"timeout": 504}
BODY_END = b""


@web.stream_request_body
class TunnelHandler(APIHandler):
    """Every verb of the agent's API for a logged-in user.

    Tornado calls a verb after the whole body has come, so the request to the agent starts in `prepare`, once it is
    known who asks, and the verb passes the answer on.
    """

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def initialize(self, link: AgentLink) -> None:
        self.link = link
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)
        self._answer: asyncio.Task[aiohttp.ClientResponse] | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        if self.current_user is None:
            raise web.HTTPError(403)
        headers = headers_to_agent(self.request.headers)
        has_body = "Content-Length" in self.request.headers or "Transfer-Encoding" in self.request.headers
        body = self._body() if has_body else None
        prefix_length = len(self.base_url.rstrip("/") + "/bottega/agent")
        target = target_of(self.request.uri or "", prefix_length)
        method = self.request.method or "GET"
        self._answer = asyncio.create_task(self.link.request(method, target, headers, body))

    async def data_received(self, chunk: bytes) -> None:
        """Waits while the agent has enough to read, or drops what comes after its answer."""
        if self._answer is None:
            return
        put = asyncio.create_task(self._chunks.put(chunk))
        await asyncio.wait({put, self._answer}, return_when=asyncio.FIRST_COMPLETED)
        put.cancel()

    async def _body(self) -> AsyncIterator[bytes]:
        while chunk := await self._chunks.get():
            yield chunk

    async def _pass_on(self) -> None:
        assert self._answer is not None
        end = asyncio.create_task(self._chunks.put(BODY_END))
        try:
            response = await self._answer
        except asyncio.CancelledError:
            # The browser left before there was an answer.
            return
        except BottegaError as error:
            self.set_status(STATUS_OF.get(error.code, 502))
            self.finish(error.body)
            return
        finally:
            end.cancel()
        try:
            await self._write(response)
        except iostream.StreamClosedError:
            # The browser left; what it asked for is not needed any more.
            return
        finally:
            response.close()

    async def _write(self, response: aiohttp.ClientResponse) -> None:
        self.set_status(response.status, response.reason)
        self.clear_header("Content-Type")
        for name, value in headers_to_browser(response.headers):
            self.add_header(name, value)
        if response.status == 206:
            # Compressing a part of a file would make it a part of another file.
            self._transforms = []
        await self.flush()
        try:
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                self.write(chunk)
                await self.flush()
        except aiohttp.ClientError as error:
            # Half an answer must not look whole: without its end the browser reports a broken download.
            self.log.warning("Bottega: the agent ended within an answer: %s", error)
            self.request.connection.stream.close()  # type: ignore[union-attr]
            return
        # finish() of an API handler would call everything JSON.
        await JupyterHandler.finish(self)

    def on_connection_close(self) -> None:
        if self._answer is not None:
            self._answer.cancel()
        super().on_connection_close()

    @property
    def content_security_policy(self) -> str:
        """The Ray Dashboard is an application and may be framed by this origin; all else is data, and stays inert."""
        if "/dashboard/" in self.request.path:
            return JupyterHandler.content_security_policy.fget(self)  # type: ignore[attr-defined]
        return super().content_security_policy + "; sandbox"

    @web.authenticated
    async def get(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def head(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def post(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def put(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def patch(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def delete(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    async def options(self, path: str) -> None:  # type: ignore[override]
        await self._pass_on()
