"""The client of the Bottega agent, and the IPython magics: `%load_ext bottega`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .client import Client as Client
from .client import connect as connect
from .errors import BottegaError as BottegaError
from .run import Run as Run

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(ipython: InteractiveShell) -> None:
    from .magics import BottegaMagics

    ipython.register_magics(BottegaMagics)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    from .magics import BottegaMagics

    loaded = ipython.magics_manager.registry.pop(BottegaMagics.__name__, None)
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("bottega", None)
    if loaded is not None:
        loaded.close()
