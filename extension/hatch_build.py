"""Puts the built labextension where JupyterLab looks for it, or refuses to make a wheel without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LabextensionHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        built = Path(self.root) / "server/bottega_lab/labextension"
        if not (built / "package.json").exists():
            raise RuntimeError("The labextension is not built. Run: npm run build --workspace @bottega/lab")
        target = "share/jupyter/labextensions/@bottega/lab"
        build_data["shared_data"][str(built)] = target
        build_data["shared_data"][str(Path(self.root) / "install.json")] = f"{target}/install.json"
