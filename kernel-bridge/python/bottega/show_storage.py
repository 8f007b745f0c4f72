"""How the space that things take looks in a notebook."""

from __future__ import annotations

from typing import Any

from .show import Bundle, ago, table

LOW_SHARE, LOW_BYTES = 0.05, 2_000_000_000
"""Below either of them, the disk is nearly full."""
MOST_ROWS = 50
Rows = list[tuple[str, ...]]


def storage_table(storage: dict[str, Any]) -> Bundle:
    """What lies where, the largest first; of run folders the ten largest, and the rest as one line."""
    home = storage["home"]
    rows: Rows = [
        ("agent", "ledger", f"{home['runs']} runs", size(home["ledger_bytes"]), ""),
        (
            "agent",
            "free",
            low(home["disk_free_bytes"], home["disk_total_bytes"]),
            size(home["disk_free_bytes"]),
            "",
        ),
    ]
    for cluster in storage["clusters"]:
        rows += cluster_rows(cluster["name"], cluster["things"])
        if cluster["disk_free_bytes"] is not None:
            rows.append((cluster["name"], "free", "", size(cluster["disk_free_bytes"]), ""))
    return table(("where", "kind", "what", "size", "last used"), rows, "Nothing lies anywhere.")


def cluster_rows(name: str, things: list[dict[str, Any]] | None) -> Rows:
    if things is None:
        return [(name, "", "does not answer now", "", "")]
    largest = sorted(things, key=lambda thing: -int(thing["size_bytes"]))
    runs = [thing for thing in largest if thing["kind"] == "run"]
    shown = {thing["id"] for thing in runs[:10]}
    rows = [thing_row(name, thing) for thing in largest if thing["kind"] != "run" or thing["id"] in shown]
    if rest := runs[10:]:
        total = size(sum(thing["size_bytes"] for thing in rest))
        rows.append((name, "run", f"{len(rest)} smaller ones", total, ""))
    return rows


def thing_row(cluster: str, thing: dict[str, Any], is_in_use_shown: bool = True) -> tuple[str, ...]:
    used = "in use" if is_in_use_shown and thing["is_needed"] else ago(thing["last_used"])
    return (cluster, thing["kind"], thing["label"], size(thing["size_bytes"]), used)


def cleanup_table(answer: dict[str, Any]) -> Bundle:
    """What goes, and what stays although it is old, each with its reason."""
    goes = "would go" if answer["dry_run"] else "gone"
    rows: Rows = [
        *shortened(
            [
                (
                    goes,
                    "run",
                    run["name"],
                    "" if run["size_bytes"] is None else size(run["size_bytes"]),
                    run["id"],
                )
                for run in answer["runs"]
            ],
            goes,
        ),
        *(
            (
                goes,
                each["thing"]["kind"],
                each["thing"]["label"],
                size(each["thing"]["size_bytes"]),
                each["cluster"],
            )
            for each in answer["things"]
        ),
        *shortened([("stays", "run", run["name"], "", run["reason"]) for run in answer["stays"]], "stays"),
        *(("untouched", "cluster", name, "", "does not answer now") for name in answer["unreachable"]),
    ]
    bundle = table(("", "kind", "what", "size", ""), rows, "There is nothing to clean up.")
    if not rows:
        return bundle
    total = cleanup_sentence(answer)
    return {
        "text/plain": f"{bundle['text/plain']}\n{total}",
        "text/html": f"{bundle['text/html']}<div>{total}</div>",
    }


def shortened(rows: Rows, what: str) -> Rows:
    rest = len(rows) - MOST_ROWS
    return rows if rest <= 0 else [*rows[:MOST_ROWS], (what, "run", f"{rest} more", "", "")]


def cleanup_sentence(answer: dict[str, Any]) -> str:
    freed = size(answer["freed_bytes"])
    if not answer["dry_run"]:
        return f"Freed {freed}."
    return f"This would free {freed}. Nothing was changed; add --apply to do it."


def size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def low(free: float, total: float) -> str:
    return (
        "the disk is nearly full"
        if free < LOW_BYTES or free < total * LOW_SHARE
        else "on the disk of the agent"
    )
