"""Names and order of the lanes of a trace: device first, then its threads or streams."""

import re
from dataclasses import dataclass, field

import msgspec

from .reading import Event

# Kineto's own bookkeeping rows; they span the whole trace and say nothing.
BOOKKEEPING = frozenset({"Spans", "Traces", ""})

LaneKey = tuple[int | str, int | str]

_THREAD = re.compile(r"thread \S+ \((.*)\)$")
# The zygote names a rank's process so, and its threads inherit it: the group above them says the rank.
_RANK_PROCESS = re.compile(r"rank\d+ ")
_FRIENDLY = (
    (re.compile(r"pt_autograd_(\d+)"), r"autograd \1"),
    (re.compile(r"pt_data_pin\w*"), "pin memory"),
    (re.compile(r"pt_data_worker\w*"), "data loader"),
    (re.compile(r"pt_nccl_\w+|nccl\w*"), "nccl watchdog"),
)


class _Arguments(msgspec.Struct):
    name: str = ""
    labels: str = ""
    sort_index: int = 0


@dataclass
class LaneNames:
    """What the metadata events of a trace say about processes and threads."""

    processes: dict[int | str, str] = field(default_factory=dict)
    labels: dict[int | str, str] = field(default_factory=dict)
    threads: dict[LaneKey, str] = field(default_factory=dict)
    order: dict[LaneKey, int] = field(default_factory=dict)

    def learn(self, event: Event) -> None:
        """Takes in one event with `ph` M; what it cannot read it leaves out."""
        try:
            arguments = msgspec.json.decode(event.args, type=_Arguments)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if event.name == "process_name":
            self.processes[event.pid] = arguments.name
        elif event.name == "process_labels":
            self.labels[event.pid] = arguments.labels
        elif event.name == "thread_name":
            self.threads[(event.pid, event.tid)] = arguments.name
        elif event.name == "thread_sort_index":
            self.order[(event.pid, event.tid)] = arguments.sort_index

    def process(self, key: LaneKey) -> str:
        """`CPU`, `GPU 0`, or the name of the process."""
        label = self.labels.get(key[0], "")
        return label or self.processes.get(key[0], "") or f"process {key[0]}"

    def thread(self, key: LaneKey) -> str:
        """`python main`, `autograd 0`, `stream 7`, …"""
        pid, tid = key
        name = self.threads.get(key, "").strip()
        inner = _THREAD.match(name)
        if inner:
            name = inner[1]
        if _RANK_PROCESS.match(name):
            name = ""
        for pattern, friendly in _FRIENDLY:
            if pattern.match(name):
                return pattern.sub(friendly, name)
        if pid == tid and not self.process(key).startswith("GPU"):
            return f"{name} main" if name else "main thread"
        if inner:
            return f"{name or 'thread'} {tid}"
        return name or (f"stream {tid}" if self.process(key).startswith("GPU") else f"thread {tid}")

    def sorted(self, keys: list[LaneKey]) -> list[LaneKey]:
        """Host before devices; the main thread before the others; the order of the trace among equals."""

        def rank_of(key: LaneKey) -> tuple[bool, str, bool, int, str]:
            process = self.process(key)
            return (process.startswith("GPU"), process, key[0] != key[1], self.order.get(key, 0), str(key[1]))

        return sorted(keys, key=rank_of)
