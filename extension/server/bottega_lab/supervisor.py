"""Keeps an agent running for this Jupyter server. The agent itself belongs to nobody and outlives the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from pathlib import Path

from bottega.agent import AgentAddress, find_agent, read_address, start_agent
from bottega.errors import BottegaError

FIRST_DELAY_S = 0.5
LAST_DELAY_S = 30.0


class AgentSupervisor:
    """Finds the agent, starts it when somebody asks for it, and starts it again when it dies under its clients.

    An agent that ends by itself because nobody needs it takes its address file along; that is not a death.
    """

    def __init__(self, home: Path, log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self.home = home
        self.log = log
        self._address: AgentAddress | None = None
        self._search: asyncio.Task[AgentAddress] | None = None
        self._death: asyncio.Task[None] | None = None
        self._failure: BottegaError | None = None
        self._failures = 0
        self._retry_at = 0.0

    async def address(self, timeout_s: float = 10.0) -> AgentAddress:
        """Where the agent is; starts it when there is none. Raises BottegaError, soon after a start that failed again."""
        if self._address is not None:
            return self._address
        if self._search is None or self._search.done():
            if self._failure is not None and time.monotonic() < self._retry_at:
                raise self._failure
            self._search = asyncio.create_task(self._find_or_start())
        # Shielded: others wait for the same start when this caller gives up.
        try:
            return await asyncio.wait_for(asyncio.shield(self._search), timeout_s)
        except TimeoutError:
            message = f"The agent did not answer within {timeout_s:g} seconds; it is still being started."
            hint = f"Try again in a moment. Its log is {self.home / 'agent.log'}."
            raise BottegaError("timeout", message, hint) from None

    def lost(self, address: AgentAddress) -> None:
        """Somebody found that nobody listens there any more."""
        if self._address == address:
            self._address = None

    async def close(self) -> None:
        """Ends the supervision, not the agent."""
        tasks = [task for task in (self._search, self._death) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find_or_start(self) -> AgentAddress:
        try:
            address = await asyncio.to_thread(find_or_start, self.home)
        except BottegaError as error:
            self._failures += 1
            delay_s = min(LAST_DELAY_S, FIRST_DELAY_S * 2 ** (self._failures - 1)) * random.uniform(0.5, 1)
            self._failure, self._retry_at = error, time.monotonic() + delay_s
            self.log.error("Bottega: %s %s", error, error.details or "")
            raise
        self._failure, self._failures = None, 0
        self._address = address
        self.log.info("Bottega: the agent is process %s", address.pid)
        if self._death is not None:
            self._death.cancel()
        self._death = asyncio.create_task(self._watch(address))
        return address

    async def _watch(self, address: AgentAddress) -> None:
        if not await process_ended(address.pid):
            return
        self.lost(address)
        left_behind = await asyncio.to_thread(read_address, self.home)
        if left_behind is None or left_behind.pid != address.pid:
            return
        self.log.warning("Bottega: the agent (process %s) died; starting it again", address.pid)
        while self._address is None:
            # Cancelling this watch would cancel the start that it waits for, so the start is the last thing it does.
            try:
                await self.address(timeout_s=60)
            except BottegaError:
                await asyncio.sleep(max(0.0, self._retry_at - time.monotonic()) + 0.01)


def find_or_start(home: Path) -> AgentAddress:
    return find_agent(home) or start_agent(home)


def settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def process_ended(pid: int) -> bool:
    """Waits until a process that is not a child has ended. False where the system cannot tell without polling."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, settle, ended)
    try:
        await ended
    finally:
        with contextlib.suppress(ValueError):
            loop.remove_reader(descriptor)
        os.close(descriptor)
    return True
