"""How things look in a notebook: the live run, tables, problems of a config. Every text is escaped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any

from .errors import BottegaError

RUN_MIME = "application/vnd.bottega.run+json"
Bundle = dict[str, Any]
MONOSPACE = "font-family: var(--jp-code-font-family, monospace); white-space: pre"


def run_bundle(run: dict[str, Any]) -> Bundle:
    """The run: live where the renderer is installed, a picture of now elsewhere."""
    text = f"{run['name']}  {run_line(run)}  ({run['id']})"
    html = f"<b>{escape(run['name'])}</b> {escape(run_line(run))} <code>{escape(run['id'])}</code>"
    live = {"version": 1, "id": run["id"], "run": run, "taken": time.time() * 1000}
    return {RUN_MIME: live, "text/html": f"<div>{html}</div>", "text/plain": text}


def run_line(run: dict[str, Any]) -> str:
    parts = [run["state"]]
    if run["step"]:
        parts.append(f"step {run['step']}" + (f"/{run['max_steps']}" if run["max_steps"] else ""))
    if run["loss"] is not None:
        parts.append(f"loss {run['loss']:.3f}")
    if run["reason"]:
        parts.append(run["reason"])
    return " · ".join(parts) + f" on {run['cluster']}"


def run_table(runs: Sequence[dict[str, Any]]) -> Bundle:
    rows = [
        (
            run["name"],
            run["state"],
            str(run["step"]),
            loss_of(run),
            run["cluster"],
            ago(run["created"]),
            run["id"],
        )
        for run in runs
    ]
    return table(("name", "state", "step", "loss", "cluster", "started", "id"), rows, "No runs yet.")


def cluster_table(clusters: Sequence[dict[str, Any]]) -> Bundle:
    rows = [(each["name"], each["state"], resources_of(each), each["reason"]) for each in clusters]
    return table(
        ("name", "state", "resources", "reason"), rows, "No clusters. Start one with %bottega up local."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> Bundle:
    if not rows:
        return message_bundle(empty)
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    ]
    headings = "".join(f"<th style='text-align: left'>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align: left'>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    html = f"<table><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table>"
    return {"text/plain": "\n".join(line.rstrip() for line in lines), "text/html": html}


def message_bundle(text: str) -> Bundle:
    return {"text/plain": text, "text/html": f"<div>{escape(text)}</div>"}


def error_bundle(error: BottegaError, source: str = "") -> Bundle:
    """The sentence, what to do, and for a config every problem under its line."""
    listing = "\n".join(problem_lines(problem, source) for problem in error.problems)
    text = "\n".join(filter(None, [error.message, listing, error.hint]))
    html = f"<b style='color: var(--jp-error-color1, #d32f2f)'>{escape(error.message)}</b>"
    if listing:
        html += f"<div style='{MONOSPACE}'>{escape(listing)}</div>"
    if error.hint:
        html += f"<div>{escape(error.hint)}</div>"
    if error.details:
        html += f"<details><summary>Details</summary><div style='{MONOSPACE}'>{escape(error.details)}</div></details>"
    return {"text/plain": text, "text/html": f"<div>{html}</div>"}


def problem_lines(problem: dict[str, Any], source: str) -> str:
    """The line with the mark under it and the sentence; without a place, the sentence alone."""
    lines = source.splitlines()
    number = problem.get("line")
    if problem.get("file") or not number or number > len(lines):
        place = ":".join(str(problem[key]) for key in ("file", "line") if problem.get(key))
        return f"  {place or problem['path']}: {problem['message']}"
    line = lines[number - 1]
    first = problem.get("column", 1)
    is_one_line = problem.get("end_line", number) == number
    last = problem.get("end_column", first + 1) if is_one_line else len(line) + 1
    mark = " " * (first - 1) + "^" * max(1, last - first)
    return f"{number:>4} │ {line}\n     │ {mark} {problem['message']}"


def loss_of(run: dict[str, Any]) -> str:
    return "" if run["loss"] is None else f"{run['loss']:.3f}"


def resources_of(cluster: dict[str, Any]) -> str:
    nodes = cluster["nodes"]
    cpus, gpus = sum(node["cpus"] for node in nodes), sum(node["gpus"] for node in nodes)
    free = sum(node["cpus_free"] for node in nodes)
    return f"{free:g} of {cpus:g} CPUs free" + (f", {gpus:g} GPUs" if gpus else "") if nodes else ""


def ago(time_ms: float) -> str:
    seconds = max(0, time.time() - time_ms / 1000)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
