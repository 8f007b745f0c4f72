"""The person's own functions, by dotted name, from the project folder."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from bottega_engine.rank_context import RunFailed


def load_function(dotted_name: str, key: str) -> Callable[..., Any]:
    """The function behind `module:name`; `key` is the config key that names it, for the error.

    Raises RunFailed. An exception inside the module is its cause.
    """
    module_name, _, name = dotted_name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise RunFailed(f"{key}: {module_name} imports {error.name}, which is not there.") from error
        file = module_name.replace(".", "/")
        raise RunFailed(
            f"{key}: there is no module {module_name} in the project folder.",
            f"Write {file}.py, or change {key}: {dotted_name}.",
        ) from error
    except Exception as error:
        raise RunFailed(
            f"{key}: {module_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise RunFailed(f"{key}: the module {module_name} has no function {name}.")
    return function
