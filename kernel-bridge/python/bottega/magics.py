"""`%bottega …` and `%%bottega run`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from typing import Any, NoReturn

from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from .client import Client, connect
from .errors import BottegaError
from .run import Run
from .show import Bundle, cluster_table, error_bundle, message_bundle, run_bundle, run_table
from .show_storage import cleanup_table, storage_table

UPDATE_EVERY_S = 0.25


class UsageError(Exception):
    """The line is not a command; the text is what argparse has to say about it."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().strip()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise UsageError(message or "")


def make_parser() -> Parser:
    parser = Parser(prog="%bottega", description="Clusters and runs of Bottega.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    up = commands.add_parser("up", help="start a cluster and wait until it is ready")
    up.add_argument("spec", nargs="?", default="local", help="a cluster spec file, or local")
    up.add_argument("--no-wait", action="store_true", help="return at once")
    commands.add_parser("down", help="stop a cluster").add_argument("name")
    commands.add_parser("clusters", help="list the clusters")
    commands.add_parser("runs", help="list the newest runs").add_argument("--limit", type=int, default=20)
    for name, help in (
        ("logs", "print what a run prints"),
        ("stop", "stop a run"),
        ("rerun", "run it again"),
    ):
        commands.add_parser(name, help=help).add_argument("run")
    profile = commands.add_parser("profile", help="record the next steps of a run")
    profile.add_argument("run")
    profile.add_argument("--steps", type=int, default=5)
    branch = commands.add_parser("branch", help="begin a new run from a checkpoint of a run")
    branch.add_argument("run", help="RUN/checkpoint-20, or RUN for its last checkpoint")
    branch.add_argument(
        "fields", nargs="*", metavar="KEY=VALUE", help="what should be different in its config"
    )
    change = commands.add_parser("set", help="change live fields of a running run")
    change.add_argument("run")
    change.add_argument(
        "fields",
        nargs="+",
        metavar="KEY=VALUE",
        help="learning_rate=1e-4, samples.every_steps=10; null takes away",
    )
    keep = commands.add_parser("keep", help="keep a run: no clean-up takes it")
    keep.add_argument("run")
    keep.add_argument("--let-go", action="store_true", help="a clean-up may take it again")
    commands.add_parser("storage", help="what lies where, and how large it is")
    cleanup = commands.add_parser("cleanup", help="what a clean-up would take; --apply takes it")
    cleanup.add_argument("--apply", action="store_true", help="remove it")
    cleanup.add_argument(
        "--older-than", type=float, default=30, metavar="DAYS", help="runs that ended before"
    )
    cleanup.add_argument("--newest", type=int, default=100, help="so many runs stay however old they are")
    cleanup.add_argument("--unused", type=float, default=14, metavar="DAYS", help="caches not used since")
    run = commands.add_parser("run", help="run the config in this cell: %%%%bottega run")
    run.add_argument("file", nargs="?", help="a run config, instead of a cell")
    run.add_argument("--name", help="what the run is called")
    run.add_argument("--cluster", help="default: the only one that is ready")
    run.add_argument("--folder", help="the project folder; default: the working folder")
    run.add_argument(
        "--wait", action="store_true", help="wait for the end; an interrupt ends the wait, not the run"
    )
    return parser


@magics_class
class BottegaMagics(Magics):
    """`%bottega <command>`, see `%bottega --help`; `%%bottega run` with YAML in the cell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._client: Client | None = None

    @line_cell_magic
    def bottega(self, line: str, cell: str | None = None) -> None:
        """Clusters and runs of Bottega; `%bottega --help` lists the commands."""
        try:
            arguments = make_parser().parse_args(shlex.split(line))
            if cell is not None and arguments.command != "run":
                raise UsageError(
                    f"%%bottega {arguments.command} takes no cell; write %bottega {arguments.command}."
                )
            getattr(self, f"_{arguments.command}")(arguments, cell)
        except (UsageError, ValueError) as error:
            print(str(error).strip() or make_parser().format_help(), file=sys.stderr)
        except BottegaError as error:
            show(error_bundle(error, cell or ""))

    def close(self) -> None:
        self._client = None

    @property
    def client(self) -> Client:
        self._client = self._client or connect()
        return self._client

    def _up(self, arguments: argparse.Namespace, cell: str | None) -> None:
        cluster = self.client.up(arguments.spec)
        handle = show(cluster_table([cluster]))
        if arguments.no_wait or cluster["state"] == "ready":
            return
        try:
            ready = self.client.wait_until_ready(cluster["name"])
        except KeyboardInterrupt:
            print("Stopped waiting; the cluster goes on starting.")
            return
        handle.update(cluster_table([ready]), raw=True)

    def _down(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(cluster_table([self.client.down(arguments.name)]))

    def _clusters(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(cluster_table(self.client.clusters()))

    def _runs(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(run_table([run.record for run in self.client.runs(arguments.limit)]))

    def _logs(self, arguments: argparse.Namespace, cell: str | None) -> None:
        try:
            for text in self.client.get(arguments.run).logs():
                sys.stdout.write(text)
        except KeyboardInterrupt:
            print("Stopped reading; the run goes on.")

    def _stop(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(run_bundle(self.client.stop(arguments.run).record))

    def _rerun(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(run_bundle(self.client.rerun(arguments.run).record))

    def _branch(self, arguments: argparse.Namespace, cell: str | None) -> None:
        id, step = checkpoint_of(arguments.run)
        changes = dict(field_of(text) for text in arguments.fields)
        show(run_bundle(self.client.branch(id, step, changes).record))

    def _profile(self, arguments: argparse.Namespace, cell: str | None) -> None:
        self.client.profile(arguments.run, arguments.steps)
        show(message_bundle(f"Recording the next {arguments.steps} steps of {arguments.run}."))

    def _keep(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(run_bundle(self.client.keep(arguments.run, not arguments.let_go).record))

    def _storage(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(storage_table(self.client.storage()))

    def _cleanup(self, arguments: argparse.Namespace, cell: str | None) -> None:
        show(
            cleanup_table(
                self.client.cleanup(
                    not arguments.apply, arguments.older_than, arguments.newest, arguments.unused
                )
            )
        )

    def _set(self, arguments: argparse.Namespace, cell: str | None) -> None:
        values = dict(field_of(text) for text in arguments.fields)
        self.client.change(arguments.run, values)
        shown = ", ".join(f"{key}: {value}" for key, value in values.items())
        show(message_bundle(f"{arguments.run} takes {shown} before its next step."))

    def _run(self, arguments: argparse.Namespace, cell: str | None) -> None:
        options = {key: getattr(arguments, key) for key in ("name", "cluster", "folder")}
        given = {key: value for key, value in options.items() if value is not None}
        if (cell is None) == (arguments.file is None):
            raise UsageError(
                "Write the config in the cell (%%bottega run) or name a file (%bottega run FILE)."
            )
        # A cell is always a config, even one line that looks like the name of a file.
        run = (
            self.client.submit(cell, **given)
            if cell is not None
            else self.client.run(arguments.file, **given)
        )
        handle = show(run_bundle(run.record))
        if arguments.wait:
            wait_and_show(run, handle)


def checkpoint_of(text: str) -> tuple[str, int | None]:
    """The run and the step, None for its last checkpoint."""
    id, is_named, step = text.partition("/checkpoint-")
    if is_named and not step.isdecimal():
        raise UsageError(f"{text}: write RUN/checkpoint-20, or RUN for its last checkpoint.")
    return id, int(step) if is_named else None


def field_of(text: str) -> tuple[str, Any]:
    """A key and its value: JSON, or the text as it stands."""
    key, is_set, value = text.partition("=")
    if not key or not is_set:
        raise UsageError(f"{text}: write KEY=VALUE, for example learning_rate=1e-4.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def show(bundle: Bundle) -> Any:
    """Displays a MIME bundle; the answer can be updated."""
    return display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def wait_and_show(run: Run, handle: Any) -> None:
    """Keeps the output up to date for front ends without the live renderer."""
    shown = 0.0
    try:
        for _ in run.client.follow(run.id, output="tail"):
            if time.monotonic() - shown > UPDATE_EVERY_S:
                handle.update(run_bundle(run.refresh().record), raw=True)
                shown = time.monotonic()
        handle.update(run_bundle(run.refresh().record), raw=True)
    except KeyboardInterrupt:
        print(f"Stopped waiting; the run goes on. To stop it: %bottega stop {run.id}")
