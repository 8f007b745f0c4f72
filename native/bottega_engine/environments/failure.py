from __future__ import annotations


class EnvironmentFailed(Exception):
    """The packages of a run cannot be installed; one sentence for the person."""
