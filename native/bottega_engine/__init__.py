"""The engine of Bottega. Scripts that run in it may report numbers: `bottega_engine.report({"loss": 2.3}, step=10)`."""

from bottega_engine.reporting import report as report
