"""The Jupyter server half: authenticates, starts and supervises the agent, tunnels to it. No product logic."""

from __future__ import annotations

from typing import Any

from .version import __version__ as __version__


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@bottega/lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    # Here, and not at the top: `jupyter labextension` reads this module and needs no server.
    from .app import BottegaLab

    return [{"module": "bottega_lab", "app": BottegaLab}]
