"""A trace as Arrow columns (`traceColumns` in schema/src/engine-api.ts), made once and kept beside the trace."""

import json
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from .columns import SliceColumns, nesting
from .families import FAMILIES
from .lanes import LaneNames
from .reading import TraceReader

MAX_SLICES = 4_000_000
_MAX_LANES = 65_535


def arrow_of(trace_gz: Path, max_slices: int = MAX_SLICES) -> Path:
    """The Arrow IPC stream of a trace, `<name>.arrow` beside it; made again when the trace is newer.

    Takes seconds and much of a core for a large trace: run it in a process of its own
    (`python -m bottega_engine.traces <trace>`) where something else must stay quick.
    Raises FileNotFoundError, TraceUnreadable.
    """
    target = trace_gz.with_name(f"{trace_gz.name}.arrow")
    if target.exists() and target.stat().st_mtime_ns >= trace_gz.stat().st_mtime_ns:
        return target
    batch = _read(trace_gz, max_slices)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink()
        raise
    return target


def _read(trace_gz: Path, max_slices: int) -> pa.RecordBatch:
    reader = TraceReader(trace_gz)
    columns = SliceColumns()
    names = LaneNames()
    is_cut = False
    for events in reader.batches():
        for event in events:
            if event.ph == "X":
                columns.add(event)
            elif event.ph == "M":
                names.learn(event)
        if len(columns) >= max_slices:
            is_cut = True
            break
    rank = reader.header.rank if reader.header.rank is not None else _rank_in_name(trace_gz.name)
    return _batch(columns, names, rank, truncated=is_cut or reader.is_broken)


def _rank_in_name(name: str) -> int:
    found = re.search(r"rank[-_]?(\d+)", name)
    return int(found[1]) if found else 0


def _batch(columns: SliceColumns, names: LaneNames, rank: int, *, truncated: bool) -> pa.RecordBatch:
    order_of_lanes = names.sorted(columns.keys)[:_MAX_LANES]
    position = {key: number for number, key in enumerate(order_of_lanes)}
    by_number = np.array([position.get(key, _MAX_LANES) for key in columns.keys] or [0], dtype=np.uint16)
    lane = by_number[np.frombuffer(columns.lane, dtype=np.int32)]
    start = np.frombuffer(columns.start_us, dtype=np.float64)
    duration = np.frombuffer(columns.duration_us, dtype=np.float32)
    order = np.lexsort((-duration, start, lane))
    start, duration, lane = start[order], duration[order], lane[order]
    name = np.frombuffer(columns.name, dtype=np.int32)[order]
    origin = float(start.min()) if len(start) else 0.0
    end = float((start + duration).max()) if len(start) else 0.0
    depth = nesting(start, duration, lane)
    family = np.array(columns.families or [0], dtype=np.int8)[name]
    deepest = np.zeros(len(order_of_lanes), dtype=np.int64)
    np.maximum.at(deepest, lane, depth)
    lanes = [
        {
            "lane": number,
            "process": names.process(key),
            "thread": names.thread(key),
            "rank": rank,
            "depth": int(deepest[number]) + 1,
        }
        for number, key in enumerate(order_of_lanes)
    ]
    metadata = {
        "lanes": json.dumps(lanes),
        "start_us": repr(origin),
        "end_us": repr(end),
        "truncated": "true" if truncated else "false",
    }
    arrays = {
        "start_us": pa.array(start - origin),
        "duration_us": pa.array(duration),
        "name": pa.DictionaryArray.from_arrays(pa.array(name), pa.array(columns.names, type=pa.string())),
        "family": pa.DictionaryArray.from_arrays(pa.array(family), pa.array(FAMILIES)),
        "lane": pa.array(lane),
        "depth": pa.array(depth),
    }
    schema = pa.schema([(key, column.type) for key, column in arrays.items()], metadata=metadata)
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=schema)
