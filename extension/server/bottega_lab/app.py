"""The server half as Jupyter starts and stops it."""

from __future__ import annotations

import asyncio
import contextlib

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp

from bottega.agent import default_home
from bottega.errors import BottegaError

from .link import AgentLink
from .routes import routes
from .supervisor import AgentSupervisor


class BottegaLab(ExtensionApp):
    name = "bottega_lab"

    def initialize_handlers(self) -> None:
        self.link = AgentLink(AgentSupervisor(default_home(), self.log))
        assert self.serverapp is not None
        web_app = self.serverapp.web_app
        web_app.add_handlers(".*$", routes(self.serverapp.base_url, self.link))  # type: ignore[no-untyped-call]

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """The agent comes up while the person opens the page."""
        self.starting = asyncio.create_task(self._start_agent())

    async def _start_agent(self) -> None:
        # The supervisor has logged why, and the page asks again and shows it.
        with contextlib.suppress(BottegaError):
            await self.link.supervisor.address(timeout_s=60)

    async def stop_extension(self) -> None:
        """Ends what this server has opened; the agent stays for others."""
        starting = getattr(self, "starting", None)
        if starting is not None:
            starting.cancel()
        await self.link.close()
