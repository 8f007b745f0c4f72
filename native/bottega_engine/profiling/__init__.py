"""Profiling of training steps."""

from bottega_engine.profiling.recorder import StepRecorder, Window, window_of

__all__ = ["StepRecorder", "Window", "window_of"]
