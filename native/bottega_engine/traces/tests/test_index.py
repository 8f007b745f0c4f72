import gzip
import json
import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from bottega_engine.traces import TraceUnreadable, arrow_of
from bottega_engine.traces.lanes import LaneNames
from bottega_engine.traces.reading import Event


def slice_event(
    name: str, start: float, duration: float, pid: int | str = 1, tid: int = 1, cat: str = "cpu_op"
) -> dict:
    return {
        "ph": "X",
        "cat": cat,
        "name": name,
        "pid": pid,
        "tid": tid,
        "ts": start,
        "dur": duration,
        "args": {"Ev Idx": 0},
    }


def named(kind: str, name: str, pid: int, tid: int = 0) -> dict:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "ts": 0, "args": {"name": name, "labels": name}}


def write(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def trace_of(path: Path, events: list[dict], indent: int | None = 2, **top: Any) -> Path:
    return write(
        path,
        json.dumps({"schemaVersion": 1, **top, "traceEvents": events, "traceName": "t.json"}, indent=indent),
    )


def read(path: Path) -> tuple[pa.Table, list[dict], dict[str, str]]:
    table = pa.ipc.open_stream(path.read_bytes()).read_all()
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    return table, json.loads(metadata["lanes"]), metadata


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from torch.profiler import ProfilerActivity, profile

    path = tmp_path_factory.mktemp("trace") / "steps.json.gz"
    layer = torch.nn.Linear(8, 8)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        for _ in range(2):
            layer(torch.randn(4, 8)).sum().backward()
    profiler.export_chrome_trace(str(path))
    return path


def test_a_recorded_trace_becomes_sorted_nested_columns(recorded: Path) -> None:
    table, lanes, metadata = read(arrow_of(recorded))
    raw = json.loads(gzip.decompress(recorded.read_bytes()))["traceEvents"]
    expected = [event for event in raw if event["ph"] == "X" and event.get("cat") != "Trace"]
    assert table.num_rows == len(expected)
    assert table.column_names == ["start_us", "duration_us", "name", "family", "lane", "depth"]
    assert sorted(table["name"].to_pylist()) == sorted(event["name"] for event in expected)
    assert lanes[0]["thread"].endswith("main") and lanes[0]["process"] == "CPU"
    assert metadata["truncated"] == "false"
    rows = table.to_pylist()
    addmm = next(row for row in rows if row["name"] == "aten::addmm")
    linear = next(row for row in rows if row["name"] == "aten::linear")
    assert addmm["depth"] > linear["depth"] and addmm["family"] == "matmul"
    assert rows == sorted(rows, key=lambda row: (row["lane"], row["start_us"]))


def test_slices_of_one_row_never_overlap(recorded: Path) -> None:
    ends: dict[tuple[int, int], float] = {}
    for row in read(arrow_of(recorded))[0].to_pylist():
        key = (row["lane"], row["depth"])
        assert row["start_us"] >= ends.get(key, 0.0) - 0.001
        ends[key] = row["start_us"] + row["duration_us"]


def test_lanes_have_rank_device_and_readable_names(tmp_path: Path) -> None:
    path = trace_of(
        tmp_path / "rank-3.json.gz",
        [
            named("process_labels", "CPU", 40),
            named("process_labels", "GPU 0", 0),
            named("thread_name", "thread 40 (python)", 40, 40),
            named("thread_name", "thread 41 (pt_autograd_0)", 40, 41),
            named("thread_name", "stream 7 ", 0, 7),
            slice_event("ampere_gemm", 5, 1, pid=0, tid=7, cat="kernel"),
            slice_event("AddmmBackward0", 3, 1, pid=40, tid=41),
            slice_event("aten::addmm", 1, 1, pid=40, tid=40),
            slice_event("PyTorch Profiler (0)", 0, 9, pid="Spans", cat="Trace"),
        ],
    )
    table, lanes, _ = read(arrow_of(path))
    assert [(lane["process"], lane["thread"], lane["rank"]) for lane in lanes] == [
        ("CPU", "python main", 3),
        ("CPU", "autograd 0", 3),
        ("GPU 0", "stream 7", 3),
    ]
    assert table["start_us"].to_pylist() == [0, 2, 4]


def test_the_rank_in_the_trace_counts_more_than_the_file_name(tmp_path: Path) -> None:
    path = trace_of(
        tmp_path / "rank0.json.gz", [slice_event("a", 0, 1)], distributedInfo={"backend": "gloo", "rank": 2}
    )
    assert read(arrow_of(path))[1][0]["rank"] == 2


def test_a_neighbour_that_touches_is_not_a_child(tmp_path: Path) -> None:
    path = trace_of(
        tmp_path / "t.json.gz", [slice_event("a", 1e12 + 0.1, 1000.7), slice_event("b", 1e12 + 1000.8, 5)]
    )
    assert read(arrow_of(path))[0]["depth"].to_pylist() == [0, 0]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_broken_event_costs_only_itself(tmp_path: Path, indent: int | None) -> None:
    events = [slice_event("good", n, 1) for n in range(5)] + [
        slice_event("BROKEN", 9, 1),
        slice_event("last", 10, 1),
    ]
    text = json.dumps({"traceEvents": events, "traceName": "t"}, indent=indent).replace(
        "BROKEN", 'bad "name" \x01 \\q'
    )
    table, _, metadata = read(arrow_of(write(tmp_path / "t.json.gz", text)))
    assert table["name"].to_pylist() == ["good"] * 5 + ["last"]
    assert metadata["truncated"] == "true"


def test_half_a_file_keeps_the_events_before_the_cut(tmp_path: Path) -> None:
    whole = trace_of(tmp_path / "whole.json.gz", [slice_event(f"op{n}", n, 1) for n in range(2000)])
    half = tmp_path / "half.json.gz"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    table, _, metadata = read(arrow_of(half))
    assert 100 < table.num_rows < 2000
    assert metadata["truncated"] == "true"


def test_a_footer_with_lists_is_no_damage(tmp_path: Path) -> None:
    text = json.dumps({"traceEvents": [slice_event("a", 0, 1)], "deviceProperties": [{"id": 0, "name": "x"}]})
    table, _, metadata = read(arrow_of(write(tmp_path / "t.json.gz", text)))
    assert table.num_rows == 1 and metadata["truncated"] == "false"


def test_a_plain_list_of_events_is_a_trace_too(tmp_path: Path) -> None:
    table, _, metadata = read(arrow_of(write(tmp_path / "t.json.gz", json.dumps([slice_event("a", 0, 1)]))))
    assert table.num_rows == 1 and metadata["truncated"] == "false"


def test_an_empty_trace_has_no_rows_and_no_lanes(tmp_path: Path) -> None:
    table, lanes, metadata = read(arrow_of(trace_of(tmp_path / "t.json.gz", [])))
    assert (table.num_rows, lanes, metadata["truncated"]) == (0, [], "false")


@pytest.mark.parametrize("content", [b"", b"not a trace", gzip.compress(b'{"hello": 1}')])
def test_a_file_without_events_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json.gz"
    path.write_bytes(content)
    with pytest.raises(TraceUnreadable, match="is not a Chrome trace"):
        arrow_of(path)
    assert [each.name for each in tmp_path.iterdir()] == ["t.json.gz"]


def test_more_slices_than_the_limit_are_said_to_be_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bottega_engine.traces.reading.BLOCK_BYTES", 4096)
    path = trace_of(tmp_path / "t.json.gz", [slice_event("a", n, 0.5) for n in range(1000)])
    table, _, metadata = read(arrow_of(path, max_slices=100))
    assert 100 <= table.num_rows < 200 and metadata["truncated"] == "true"


def test_small_blocks_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: Path) -> None:
    whole, _, _ = read(arrow_of(recorded))
    monkeypatch.setattr("bottega_engine.traces.reading.BLOCK_BYTES", 777)
    copy = tmp_path / "copy.json.gz"
    copy.write_bytes(recorded.read_bytes())
    table, _, metadata = read(arrow_of(copy))
    assert table.equals(whole) and metadata["truncated"] == "false"


def test_the_arrow_file_is_made_again_only_for_a_newer_trace(tmp_path: Path) -> None:
    path = trace_of(tmp_path / "t.json.gz", [slice_event("a", 0, 1)])
    first = arrow_of(path)
    stamp = first.stat().st_ino
    assert arrow_of(path).stat().st_ino == stamp
    trace_of(path, [slice_event("b", 0, 1)])
    later = first.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))
    assert read(arrow_of(path))[0]["name"].to_pylist() == ["b"]


def test_two_readers_at_once_both_get_a_whole_file(tmp_path: Path) -> None:
    path = trace_of(tmp_path / "t.json.gz", [slice_event("a", n, 1) for n in range(3000)])
    rows: list[int] = []
    threads = [
        threading.Thread(target=lambda: rows.append(read(arrow_of(path))[0].num_rows)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert rows == [3000] * 4
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t.json.gz", "t.json.gz.arrow"]


def test_threads_of_a_rank_are_not_called_after_its_process() -> None:
    names = LaneNames()
    for tid in (7, 8):
        args = msgspec.Raw(msgspec.json.encode({"name": f"thread {tid} (rank0 20261125-)"}))
        names.learn(Event(ph="M", name="thread_name", pid=7, tid=tid, args=args))
    assert [names.thread((7, 7)), names.thread((7, 8))] == ["main thread", "thread 8"]
