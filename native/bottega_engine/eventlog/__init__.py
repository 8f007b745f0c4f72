"""The event log of a run: one append-only file, numbered from 1."""

from bottega_engine.eventlog.event_log import Event as Event
from bottega_engine.eventlog.event_log import EventLog as EventLog
