"""What a run that waits is told, and how often.

With many runs in the queue every change moves all of them. So there is at most one round of telling in a second, in
which the first of the queue hear every change, and the others at most one in ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bottega_engine.service.admission.queue import Need, Room

ROUND_S = 1.0
FIRST = 10
OTHERS_EVERY_S = 10.0


def reason(need: Need, nodes: Iterable[Room], holders: Mapping[str, Need], before: list[str]) -> str:
    """`nodes` as if they were empty; `holders` are the runs with seats; `before` who comes first."""
    is_gpu = need.gpus > 0
    unit = "GPU" if is_gpu else "CPU"

    def amount(of: Need | Room) -> float:
        return of.gpus if is_gpu else of.cpus

    used = sum(amount(holder) for holder in holders.values())
    total = sum(amount(node) for node in nodes)
    users = [name for name, holder in holders.items() if amount(holder)]
    text = f"waits for {in_words(need)}"
    if users:
        text += f"; {used:g} of {total:g} {unit}s are in use by {_names(users)}"
    if not before and used + amount(need) <= total:
        text += f"; something else on the cluster uses {'others' if users else 'them'}"
    return text + (f"; {_names(before)} {'comes' if len(before) == 1 else 'come'} first" if before else "")


def too_large(need: Need, nodes: Iterable[Room]) -> str:
    nodes = list(nodes)
    cpus = max((node.cpus for node in nodes), default=0)
    gpus = max((node.gpus for node in nodes), default=0)
    return (
        f"The run asks for {in_words(need)} on one node; the largest node has {_many(cpus, 'CPU')} and "
        f"{_many(gpus, 'GPU')}."
    )


def node_left(need: Need) -> str:
    return f"waits for {in_words(need)} on one node; the node that could hold it has left the cluster"


def in_words(need: Need) -> str:
    return _many(need.cpus, "CPU") + (f" and {_many(need.gpus, 'GPU')}" if need.gpus else "")


def _many(amount: float, unit: str) -> str:
    return f"{amount:g} {unit}{'' if amount == 1 else 's'}"


def _names(runs: list[str]) -> str:
    shown = ", ".join(runs[:3])
    return f"{shown} and {len(runs) - 3} more" if len(runs) > 3 else shown
