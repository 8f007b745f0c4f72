"""The agent's API for Python: one method for each route. Records are dicts with the names of schema/src."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bottega_schema.timeouts import AGENT_ANSWER_S

from .agent import AgentAddress, check_version, default_home, find_agent, start_agent
from .branch import branch_config, branch_name
from .errors import BottegaError
from .run import Run
from .stream import Stream, follow_ledger, follow_run
from .unix_http import request_json

Record = dict[str, Any]


def connect(home: str | Path | None = None, start: bool = True) -> Client:
    """Finds the agent of this person, and starts it when there is none.

    `home` is the folder of the agent; default: BOTTEGA_HOME, or `.bottega` in the home folder.
    Raises BottegaError: `agent_unreachable`, or `version_mismatch` when the agent speaks another version of the API.
    """
    client = Client(Path(home).resolve() if home else default_home(), start)
    client.info()
    return client


def new_run_id() -> str:
    """When it was made, to the second, and eight random letters. Made here, so that a retry is the same run."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + "".join(
        secrets.choice(alphabet) for _ in range(8)
    )


class Client:
    def __init__(self, home: Path, start: bool = True) -> None:
        self.home = home
        self.start = start
        self._address: AgentAddress | None = None

    def info(self) -> Record:
        info: Record = self._request("GET", "/v1/info")
        check_version(info["api_version"], info["version"], info["pid"])
        return info

    def clusters(self) -> list[Record]:
        clusters: list[Record] = self._request("GET", "/v1/clusters")
        return clusters

    def up(self, spec: str = "local") -> Record:
        """Starts a cluster and answers at once. `spec`: YAML, the path of a `.yaml` file, or `local`."""
        if spec == "local":
            spec = "provider: local\nname: local\n"
        elif "\n" not in spec and spec.endswith((".yaml", ".yml")):
            spec = read_text(Path(spec), "cluster spec")
        cluster: Record = self._request("POST", "/v1/clusters", {"spec": spec})
        return cluster

    def down(self, name: str) -> Record:
        cluster: Record = self._request("POST", f"/v1/clusters/{quote(name, safe='')}/stop")
        return cluster

    def wait_until_ready(self, name: str, timeout_s: float = 180) -> Record:
        """Waits for a cluster to be ready; raises BottegaError when it fails or the time is over."""
        deadline = time.monotonic() + timeout_s
        last: Record = {"reason": "It was never seen."}
        for cluster in self.follow_clusters(deadline):
            if cluster["name"] != name:
                continue
            last = cluster
            if cluster["state"] == "ready":
                return cluster
            if cluster["state"] in ("failed", "stopped"):
                raise (
                    BottegaError.of(cluster["error"])
                    if "error" in cluster
                    else BottegaError(
                        "cluster_start_failed",
                        f"The cluster {name} is {cluster['state']}. {cluster['reason']}",
                    )
                )
        message = f"The cluster {name} was not ready within {timeout_s:g} seconds. {last['reason']}"
        raise BottegaError("timeout", message.rstrip())

    def follow_clusters(self, deadline: float) -> Iterator[Record]:
        """Every cluster record as it is and as it changes, until a moment of time.monotonic()."""
        for message in follow_ledger(self._stream, deadline):
            if message["type"] == "ledger":
                yield from message["clusters"]
            elif message["type"] == "cluster":
                yield message["cluster"]

    def submit(
        self,
        config: str | Record,
        folder: str | Path = ".",
        cluster: str | None = None,
        name: str | None = None,
        config_path: str | None = None,
        id: str | None = None,
    ) -> Run:
        """Submits a run and returns at once. `config`: YAML or a dict. Submitting the same id again is the same run."""
        request = {
            "id": id or new_run_id(),
            "config": config if isinstance(config, str) else json.dumps(config, indent=2),
            "folder": str(Path(folder).resolve()),
            "cluster": cluster or only_ready(self.clusters()),
            "name": name,
            "config_path": config_path,
        }
        sent = {key: value for key, value in request.items() if value is not None}
        return Run(self, self._request("POST", "/v1/runs", sent))

    def run(self, config: str | Record | Path, **options: Any) -> Run:
        """Submits a run: YAML, a dict, or the path of a run config; its folder is then the project folder."""
        file = config if isinstance(config, Path) else as_path(config)
        if file is None:
            return self.submit(config, **options)  # type: ignore[arg-type]
        text = read_text(file, "run config")
        name = re.sub(r"(\.run)?\.ya?ml$", "", file.name)
        return self.submit(text, **{"folder": file.parent, "config_path": file.name, "name": name, **options})

    def get(self, id: str) -> Run:
        return Run(self, self._request("GET", run_path(id)))

    def runs(
        self,
        limit: int = 20,
        cluster: str | None = None,
        before: str | None = None,
        filter: str | None = None,
        state: str | None = None,
    ) -> list[Run]:
        """Runs, newest first. `filter`: a part of the name or id; `state`: one state, or `active`, or `ended`."""
        query = {"limit": limit, "cluster": cluster, "before": before, "filter": filter, "state": state}
        search = urlencode({key: value for key, value in query.items() if value is not None})
        return [Run(self, record) for record in self._request("GET", f"/v1/runs?{search}")["runs"]]

    def stop(self, id: str) -> Run:
        return Run(self, self._request("POST", f"{run_path(id)}/stop"))

    def rerun(self, id: str, cluster: str | None = None) -> Run:
        """Runs the config and folder of a run again, as they are now."""
        request = {"id": new_run_id(), **({"cluster": cluster} if cluster else {})}
        return Run(self, self._request("POST", f"{run_path(id)}/rerun", request))

    def branch(self, id: str, step: int | None = None, changes: Record | None = None) -> Run:
        """A new run with the config and folder of another, from its checkpoint at a step, or from its last one.

        `changes` is what should be different, by dotted key or nested; None takes a key away. Steps are counted on:
        without max_steps the branch goes as far as the other was to go, and as far again once that is over.
        """
        origin = self.get(id).record
        config = branch_config(origin, step, {"name": branch_name(origin, step), **dotted(changes or {})})
        return self.submit(config, origin["folder"], origin["cluster"])

    def profile(self, id: str, steps: int = 5) -> None:
        """Records the next steps of a live run with the profiler."""
        self._request("POST", f"{run_path(id)}/profile", {"steps": steps})

    def change(self, id: str, values: Record) -> None:
        """Changes live fields of a run that goes on or waits for seats; None takes one away.

        Its `change` event tells from which step on they hold.

        `values` by dotted key (`{"samples.every_steps": 10}`) or nested as in the config.
        """
        self._request("PATCH", f"{run_path(id)}/config", {"values": dotted(values)})

    def previous_start(self, id: str) -> Record:
        """The start of the run before this one, to compare with: `run` and its `phases`."""
        previous: Record = self._request("GET", f"{run_path(id)}/previous")
        return previous

    def keep(self, id: str, is_kept: bool = True) -> Run:
        """A run that is kept is not deleted, neither by hand nor by a clean-up."""
        return Run(self, self._request("POST", f"{run_path(id)}/keep", {"is_kept": is_kept}))

    def storage(self) -> Record:
        """What lies where, and how large it is."""
        storage: Record = self._request("GET", "/v1/storage", within="storage")
        return storage

    def cleanup(
        self,
        dry_run: bool = True,
        older_than_days: float = 30,
        newest: int = 100,
        unused_days: float = 14,
    ) -> Record:
        """Removes old runs and caches by these rules, but for those that are kept or needed; a dry run only says which."""
        request = {
            "dry_run": dry_run,
            "older_than_days": older_than_days,
            "newest": newest,
            "unused_days": unused_days,
        }
        answer: Record = self._request("POST", "/v1/cleanup", request, "storage")
        return answer

    def events(self, id: str, from_seq: int = 1, limit: int | None = None) -> list[Record]:
        """A page of the event log, from a number on."""
        query = f"from={from_seq}" + (f"&limit={limit}" if limit else "")
        events: list[Record] = self._request("GET", f"{run_path(id)}/events?{query}")["events"]
        return events

    def follow(self, id: str, from_seq: int = 1, output: str = "all") -> Iterator[Record]:
        """Every event from a number on, those of the past first, then live; ends with the log.

        With output "tail" a flood of output is left out but for its end, and everything else comes as well.
        """
        return follow_run(self._stream, id, from_seq, output)

    def _stream(self) -> Stream:
        return Stream(self._reach().socket)

    def _reach(self) -> AgentAddress:
        found = self._address = find_agent(self.home)
        if found is None and self.start:
            found = self._address = start_agent(self.home)
        if found is None:
            hint = "Open JupyterLab, or connect with start=True."
            raise BottegaError("agent_unreachable", f"No agent runs for {self.home}.", hint)
        return found

    def _request(self, method: str, url: str, body: object = None, within: str = "usual") -> Any:
        timeout_s = AGENT_ANSWER_S[within]
        address = self._address or self._reach()
        try:
            return request_json(address.socket, method, url, body, timeout_s)
        except (ConnectionRefusedError, FileNotFoundError):
            # The request reached nobody, so it can be sent again once an agent is back.
            return request_json(self._reach().socket, method, url, body, timeout_s)
        except (OSError, HTTPException) as error:
            raise BottegaError(
                "agent_unreachable",
                "The agent ended while it answered.",
                "Try once more.",
                details=str(error),
            ) from error


def run_path(id: str) -> str:
    return f"/v1/runs/{quote(id, safe='')}"


def dotted(values: Record, prefix: str = "") -> Record:
    """Nested values by dotted key."""
    flat: Record = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(dotted(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def as_path(config: str | Record) -> Path | None:
    is_path = isinstance(config, str) and "\n" not in config and config.endswith((".yaml", ".yml"))
    return Path(config) if is_path else None  # type: ignore[arg-type]


def read_text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise BottegaError("not_found", f"The {what} {path} cannot be read: {error.strerror}.") from error


def only_ready(clusters: list[Record]) -> str:
    ready = [cluster["name"] for cluster in clusters if cluster["state"] == "ready"]
    if len(ready) == 1:
        return str(ready[0])
    message = "More than one cluster is ready." if ready else "No cluster is ready."
    hint = f"Name one: {' or '.join(ready)}." if ready else "Start one: %bottega up local, or up('local')."
    raise BottegaError("cluster_not_ready", message, hint)
