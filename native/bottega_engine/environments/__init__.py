"""Packages that a run needs besides the cluster's own: a folder beside the base environment, made once by uv."""

from bottega_engine.environments.environments import Environments
from bottega_engine.environments.failure import EnvironmentFailed
from bottega_engine.environments.overlay import Overlay
from bottega_engine.environments.requirements import Requirements, read_requirements

__all__ = ["EnvironmentFailed", "Environments", "Overlay", "Requirements", "read_requirements"]
