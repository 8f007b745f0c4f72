"""`python -m bottega_engine.service`: the driver of the Ray job that the agent starts on a cluster."""

from __future__ import annotations

import asyncio
import json
import logging
import signal

import ray
from aiohttp import web

from bottega_engine.service.admission import Admission
from bottega_engine.service.app import Api
from bottega_engine.service.data_lock import lock_data
from bottega_engine.service.keepers import Keepers
from bottega_engine.service.retention import Retention
from bottega_engine.service.runs import Runs
from bottega_engine.service.settings import Settings
from bottega_engine.service.stream import Streams
from bottega_engine.store import Blobs

SHUTDOWN_S = 2.0
"""Agents and keepers hold their connections open; they come back or end by themselves."""


async def serve(settings: Settings) -> None:
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock_data(settings.data)
    admission = Admission()
    blobs = Blobs(settings.data / "blobs")
    runs = Runs(settings.data, admission, ray.get_runtime_context().gcs_address)
    runs.close_unfinished()
    streams = Streams(runs)

    def nodes_changed() -> None:
        streams.nodes_changed()
        admission.looked()

    keepers = Keepers(settings, blobs, runs.attendant, nodes_changed)
    runs.attendant.keepers = streams.keepers = admission.nodes = keepers
    # A run that no node could hold is refused from the first moment on.
    await keepers.look()
    retention = Retention(settings.data, blobs, runs.trash, runs.active, keepers)
    api = Api(settings.token_sha256, blobs, runs, keepers, streams, retention)
    runner = web.AppRunner(api.app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    host = settings.host or ray.util.get_node_ip_address()
    site = web.TCPSite(runner, host, settings.port)
    await site.start()
    port = runner.addresses[0][1]
    watching = asyncio.create_task(keepers.watch(f"http://{host}:{port}"))
    warming = asyncio.create_task(admission.warm_up())
    emptying = asyncio.create_task(runs.trash.empty())
    print(json.dumps({"bottega_engine": {"port": port, "incarnation": api.incarnation}}), flush=True)
    await _asked_to_end()
    warming.cancel()
    emptying.cancel()
    watching.cancel()
    await runs.attendant.close()
    await runner.cleanup()


async def _asked_to_end() -> None:
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.from_environment()
    ray.init(address="auto", log_to_driver=False, logging_level=logging.WARNING, configure_logging=False)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
