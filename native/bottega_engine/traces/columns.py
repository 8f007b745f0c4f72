"""Slices of a trace as columns, and their nesting."""

from array import array

import numpy as np
import numpy.typing as npt

from .families import FAMILIES, family_of
from .lanes import BOOKKEEPING, LaneKey
from .reading import Event

MAX_DEPTH = 255


class SliceColumns:
    """Grows slice by slice, 24 bytes each; names and families are numbers."""

    def __init__(self) -> None:
        self.start_us = array("d")
        self.duration_us = array("f")
        self.name = array("i")
        self.lane = array("i")
        self.names: list[str] = []
        self.families: list[int] = []
        self.keys: list[LaneKey] = []
        self._name_numbers: dict[tuple[str, str], int] = {}
        self._lane_numbers: dict[LaneKey, int] = {}

    def __len__(self) -> int:
        return len(self.name)

    def add(self, event: Event) -> None:
        """Takes in one event with `ph` X."""
        if event.pid in BOOKKEEPING or event.dur < 0:
            return
        lane = self._lane_numbers.get((event.pid, event.tid))
        if lane is None:
            lane = self._lane_numbers[(event.pid, event.tid)] = len(self.keys)
            self.keys.append((event.pid, event.tid))
        title = str(event.name)
        number = self._name_numbers.get((title, event.cat))
        if number is None:
            number = self._name_numbers[(title, event.cat)] = len(self.names)
            self.names.append(title)
            self.families.append(FAMILIES.index(family_of(title, event.cat)))
        self.start_us.append(event.ts)
        self.duration_us.append(event.dur)
        self.name.append(number)
        self.lane.append(lane)


def nesting(
    start_us: npt.NDArray[np.float64], duration_us: npt.NDArray[np.float32], lane: npt.NDArray[np.uint16]
) -> npt.NDArray[np.uint8]:
    """How deep each slice lies under others of its lane. The rows are sorted by lane, start, and longest first."""
    depth = bytearray(len(start_us))
    open_ends: list[float] = []
    current = -1
    # float32 durations are off by up to one part in 16 million: a neighbour is not a child because of that.
    ends = start_us + duration_us * (1 - 1e-6)
    for row, (start, end, this_lane) in enumerate(
        zip(start_us.tolist(), ends.tolist(), lane.tolist(), strict=True)
    ):
        if this_lane != current:
            open_ends.clear()
            current = this_lane
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
        depth[row] = min(len(open_ends), MAX_DEPTH)
        open_ends.append(end)
    return np.frombuffer(depth, dtype=np.uint8)
