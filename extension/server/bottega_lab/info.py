"""The handshake: which versions stand behind this page, and what is wrong when there is no agent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from bottega.agent import check_version
from bottega.errors import BottegaError
from bottega_schema import API_VERSION

from .link import AgentLink
from .version import __version__

TIMEOUT_S = 10.0


class InfoHandler(APIHandler):
    """`{server_version, api_version, root, agent: AgentInfo | null, error?: ErrorBody}`, within 10 seconds.

    `root` is the folder of the file browser, absolute; null when contents are not files on this machine.
    """

    def initialize(self, link: AgentLink) -> None:
        self.link = link

    @web.authenticated
    async def get(self) -> None:
        root = getattr(self.contents_manager, "root_dir", None)
        answer: dict[str, Any] = {
            "server_version": __version__,
            "api_version": API_VERSION,
            "root": root,
            "agent": None,
        }
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer["agent"] = info = await self._agent_info()
            check_version(info["api_version"], info["version"], info["pid"])
        except BottegaError as error:
            answer["error"] = error.body
        except TimeoutError:
            message = f"The agent did not answer within {TIMEOUT_S:g} seconds."
            answer["error"] = BottegaError("timeout", message).body
        self.finish(json.dumps(answer))

    async def _agent_info(self) -> dict[str, Any]:
        async with await self.link.request("GET", "/v1/info", [], None) as response:
            info: dict[str, Any] = await response.json()
        return info
