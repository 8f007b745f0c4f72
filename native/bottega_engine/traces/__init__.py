"""Profiler traces as columns that a browser can draw."""

from .index import MAX_SLICES, arrow_of
from .reading import TraceUnreadable

__all__ = ["MAX_SLICES", "TraceUnreadable", "arrow_of"]
