"""The HTTP client of the tunnel: one pool of connections to the unix socket of the agent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp
from tornado.httputil import HTTPHeaders
from yarl import URL

from bottega.agent import AgentAddress
from bottega.errors import BottegaError

from .supervisor import AgentSupervisor

MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
ATTEMPTS = 3
Headers = list[tuple[str, str]]
Answer = TypeVar("Answer")

HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}
# What proves to Jupyter who asks is nobody else's business; a Referer can carry the token of a login link.
JUPYTER_ONLY = {"authorization", "cookie", "x-xsrftoken", "x-csrftoken", "referer", "host"}
SECRET_ARGUMENTS = {"token", "_xsrf"}


class AgentLink:
    def __init__(self, supervisor: AgentSupervisor) -> None:
        self.supervisor = supervisor
        self._session: aiohttp.ClientSession | None = None
        self._session_socket = ""

    async def request(
        self, method: str, target: str, headers: Headers, body: AsyncIterable[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Sends a request to the agent; the answer is read by the caller. Raises BottegaError."""

        async def send(session: aiohttp.ClientSession) -> aiohttp.ClientResponse:
            return await session.request(
                method, agent_url(target), headers=headers, data=body, allow_redirects=False
            )

        return await self._reach(send, is_repeatable=method in ("GET", "HEAD") and body is None)

    async def open_socket(self, target: str, headers: Headers) -> aiohttp.ClientWebSocketResponse:
        """Opens a WebSocket to the agent. Raises BottegaError."""

        async def send(session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
            url = agent_url(target)
            return await session.ws_connect(url, headers=dict(headers), max_msg_size=MESSAGE_LIMIT_BYTES)

        return await self._reach(send, is_repeatable=True)

    async def close(self) -> None:
        await self.supervisor.close()
        if self._session is not None:
            await self._session.close()

    async def _reach(
        self, send: Callable[[aiohttp.ClientSession], Awaitable[Answer]], is_repeatable: bool
    ) -> Answer:
        """Sends, and again when the agent was gone: always if it never heard of it, else what changes nothing.

        An agent that is killed can break the connection of one attempt and refuse that of the next.
        """
        failure: Exception
        for _ in range(ATTEMPTS):
            address = await self.supervisor.address()
            try:
                return await send(await self._session_of(address))
            except aiohttp.ClientConnectorError as error:
                self.supervisor.lost(address)
                failure = error
            except (aiohttp.ClientError, OSError) as error:
                if not is_repeatable:
                    raise gone(error) from error
                failure = error
        raise gone(failure) from failure

    async def _session_of(self, address: AgentAddress) -> aiohttp.ClientSession:
        if self._session is None or self._session_socket != address.socket:
            before, self._session_socket = self._session, address.socket
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(address.socket, limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
                # Cookies of the agent stay with it, and bytes go on as they come.
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
            if before is not None:
                await before.close()
        return self._session


def agent_url(target: str) -> URL:
    return URL(f"http://agent{target}", encoded=True)


def target_of(uri: str, prefix_length: int) -> str:
    """Path and query for the agent, exactly as they came but without the secrets of Jupyter."""
    path, _, query = uri.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in SECRET_ARGUMENTS]
    return path[prefix_length:] + ("?" + "&".join(kept) if kept else "")


def headers_to_agent(headers: HTTPHeaders) -> Headers:
    dropped = HOP_BY_HOP | JUPYTER_ONLY | named_in_connection(headers)
    return [(name, value) for name, value in headers.get_all() if name.lower() not in dropped]


def headers_to_browser(headers: Mapping[str, str]) -> Headers:
    # Cookies and policies of this origin are Jupyter's to set.
    own = {"set-cookie", "content-security-policy", "server", "date"}
    dropped = HOP_BY_HOP | own | named_in_connection(headers)
    return [(name, value) for name, value in headers.items() if name.lower() not in dropped]


def named_in_connection(headers: Mapping[str, str]) -> set[str]:
    return {name.strip().lower() for name in headers.get("Connection", "").split(",") if name.strip()}


def gone(error: Exception) -> BottegaError:
    hint = "It is started again by itself; try once more in a moment."
    return BottegaError("agent_unreachable", "The agent ended while it answered.", hint, details=str(error))
