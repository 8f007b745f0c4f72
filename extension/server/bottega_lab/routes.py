"""The addresses that the server half adds to a Jupyter server."""

from __future__ import annotations

import re
from typing import Any

from jupyter_server.utils import url_path_join
from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches, Rule

from .info import InfoHandler
from .link import AgentLink
from .socket_tunnel import SocketTunnelHandler
from .tunnel import TunnelHandler


class SocketMatches(PathMatches):
    """A path, when the request asks for a WebSocket."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return None
        return super().match(request)


def routes(base_url: str, link: AgentLink) -> list[Rule]:
    base = re.escape(url_path_join(base_url, "bottega"))
    options = {"link": link}
    return [
        Rule(PathMatches(f"{base}/info"), InfoHandler, options),
        Rule(SocketMatches(f"{base}/agent(/.*)"), SocketTunnelHandler, options),
        Rule(PathMatches(f"{base}/agent(/.*)"), TunnelHandler, options),
    ]
