"""Generated from schema/src by `npm run generate`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from typing import Annotated, Any, Literal


class Wire(BaseModel):
    pass


class AgentAddress(BaseModel):
    socket: str
    pid: int
    version: str
    api_version: int


class AgentInfo(BaseModel):
    name: Literal["bottega-agent"] = "bottega-agent"
    version: str
    api_version: int
    pid: int
    started: float
    """
    Milliseconds since the Unix epoch.
    """
    home: str


class ArtifactEvent(BaseModel):
    """
    Something the run made: a generated text (`sample`: name is the prompt), a key-averages table, a file.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["artifact"] = "artifact"
    kind: Literal["sample", "table", "file"]
    name: str
    step: int | None = None
    text: str | None = None
    path: str | None = None
    size_bytes: int | None = None


class Branch(BaseModel):
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    step: int | None
    """
    Null when the config named only the run: its last complete checkpoint.
    """


class CachedThing(BaseModel):
    kind: Literal["run", "blobs", "tokens", "environment", "resident"]
    id: str
    """
    The run id, or the content address.
    """
    label: str
    """
    What a person knows it by.
    """
    size_bytes: int
    last_used: float
    """
    Milliseconds since the Unix epoch.
    """
    run: Annotated[str | None, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")] = None
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    is_needed: bool
    """
    Something that goes on uses it now; it cannot go.
    """


class ChangeEvent(BaseModel):
    """
    Live fields of the config were changed, on all ranks.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["change"] = "change"
    step: Annotated[int, Field(ge=1)]
    """
    The first optimizer step with the new values; 1 when the run had not begun.
    """
    values: dict[Annotated[str, StringConstraints(pattern=r"^.*$")], Any]
    """
    By dotted key of the config; null for a field that was taken away.
    """
    before: dict[Annotated[str, StringConstraints(pattern=r"^.*$")], Any]
    """
    What they were; null for not set.
    """


class ChangeRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    values: dict[Annotated[str, StringConstraints(pattern=r"^.*$")], Any]


class CheckpointEvent(BaseModel):
    """
    A complete checkpoint, or the final model.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["checkpoint"] = "checkpoint"
    step: int
    path: str
    """
    Relative to the output folder of the run.
    """
    size_bytes: int
    final: bool


class Run(BaseModel):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    name: str
    size_bytes: int | None


class Stay(BaseModel):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    name: str
    reason: str


class Thing(BaseModel):
    cluster: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    thing: CachedThing


class UnreachableItem(RootModel[str]):
    root: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """


class CleanupAnswer(BaseModel):
    dry_run: bool
    runs: list[Run]
    stays: list[Stay]
    """
    Runs that are old enough to go and stay all the same.
    """
    things: list[Thing]
    unreachable: list[UnreachableItem]
    """
    Clusters that did not answer: nothing there was touched.
    """
    freed_bytes: int


class CleanupRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    dry_run: bool
    older_than_days: Annotated[float, Field(ge=0.0)]
    newest: Annotated[int, Field(ge=0)]
    unused_days: Annotated[float, Field(ge=0.0)]


class Train(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]
    """
    Training data: JSONL or Parquet files, relative to the project folder.
    """


class Train1Item(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class Train1(RootModel[list[Train1Item]]):
    root: Annotated[list[Train1Item], Field(min_length=1)]
    """
    Training data: JSONL or Parquet files, relative to the project folder.
    """


class Eval(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]
    """
    Evaluation data. Without it, eval_fraction of the training data can be held out.
    """


class Eval1Item(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class Eval1(RootModel[list[Eval1Item]]):
    root: Annotated[list[Eval1Item], Field(min_length=1)]
    """
    Evaluation data. Without it, eval_fraction of the training data can be held out.
    """


class Data(BaseModel):
    """
    Where the examples come from and how they become sequences.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    train: Train | Train1
    """
    Training data: JSONL or Parquet files, relative to the project folder.
    """
    eval: Eval | Eval1 | None = None
    """
    Evaluation data. Without it, eval_fraction of the training data can be held out.
    """
    eval_fraction: Annotated[float | None, Field(ge=0.0, le=0.5)] = 0
    """
    Share of the training examples held out for evaluation.
    """
    format: Literal["auto", "text", "instruction", "chat"] | None = "auto"
    """
    What a row holds: `text`; `instruction` (instruction, input, output); `chat` (messages). `auto` looks at the first row.
    """
    max_length: Annotated[int | None, Field(ge=1)] = 512
    """
    Tokens in one training sequence; longer examples are cut.
    """
    packing: bool | None = False
    """
    Fill each sequence with several examples; they never see each other.
    """
    hook: Annotated[str | None, Field(pattern="^[A-Za-z_][\\w.]*:[A-Za-z_]\\w*$")] = None
    """
    A function called with every row; returns the row to use, or None to leave it out, as `module:name` in the project folder.
    """


class EngineChange(BaseModel):
    values: dict[Annotated[str, StringConstraints(pattern=r"^.*$")], Any]


class WithoutItem(RootModel[str]):
    root: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """


class EngineCleanup(BaseModel):
    dry_run: bool
    unused_days: Annotated[float, Field(ge=0.0)]
    without: list[WithoutItem]


class EngineCleanupAnswer(BaseModel):
    things: list[CachedThing]


class EngineStorage(BaseModel):
    things: list[CachedThing]
    disk_free_bytes: int
    disk_total_bytes: int


class EngineStreamMessage3(BaseModel):
    type: Literal["heartbeat"] = "heartbeat"
    time: float
    """
    Milliseconds since the Unix epoch.
    """


class EngineStreamRequest1(BaseModel):
    type: Literal["follow"] = "follow"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    from_: Annotated[int, Field(alias="from", ge=1)]


class EngineStreamRequest2(BaseModel):
    type: Literal["unfollow"] = "unfollow"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """


EngineStreamRequest = RootModel[EngineStreamRequest1 | EngineStreamRequest2]


class ExistingClusterSpec(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    provider: Literal["existing"] = "existing"
    """
    A Ray cluster that already runs somewhere else.
    """
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    idle_stop_minutes: Annotated[int | None, Field(ge=1)] = None
    """
    Stop the cluster after this long without a run. Without it, it stays up.
    """
    address: Annotated[str, Field(pattern="^https?://[^/@?#]+/?$")]
    """
    The address of its Ray Dashboard, for example http://10.0.0.2:8265.
    """
    token_file: Annotated[str | None, Field(min_length=1)] = None
    """
    A file with the Ray token of that cluster, mode 0600.
    """
    engine_port: Annotated[int | None, Field(ge=0, le=65535)] = 0
    """
    Port the engine opens on the head node; 0 takes a free one.
    """


class Dependency(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class GapEvent(BaseModel):
    """
    Events first to last are gone; says why.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["gap"] = "gap"
    first: int
    last: int
    reason: str


class KeepRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    is_kept: bool


class LocalClusterSpec(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    provider: Literal["local"] = "local"
    """
    A Ray cluster on this machine.
    """
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    idle_stop_minutes: Annotated[int | None, Field(ge=1)] = None
    """
    Stop the cluster after this long without a run. Without it, it stays up.
    """
    cpus: Annotated[int | None, Field(ge=1)] = None
    """
    CPUs to offer. Default: all of this machine.
    """
    gpus: Annotated[int | None, Field(ge=0)] = None
    """
    GPUs to offer. Default: all of this machine.
    """
    dashboard_port: Annotated[int | None, Field(ge=1024, le=65535)] = None
    """
    Port of the Ray Dashboard on loopback. Default: a free one.
    """


class LogLine(BaseModel):
    number: Annotated[int, Field(ge=1)]
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    rank: Annotated[int, Field(ge=0)]
    stream: Literal["stdout", "stderr"]
    text: str
    """
    Without its newline, at most 64 KiB. Hostile.
    """


class TargetModules(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]
    """
    Module names to adapt, or `all-linear`.
    """


class TargetModules1Item(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class TargetModules1(RootModel[list[TargetModules1Item]]):
    root: Annotated[list[TargetModules1Item], Field(min_length=1)]
    """
    Module names to adapt, or `all-linear`.
    """


class Lora(BaseModel):
    """
    Low-rank adapter; used when method is lora.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    r: Annotated[int | None, Field(ge=1)] = 8
    """
    Rank of the update matrices.
    """
    alpha: Annotated[float | None, Field(gt=0.0)] = 16
    """
    Scaling of the update; alpha / r multiplies it.
    """
    dropout: Annotated[float | None, Field(ge=0.0, lt=1.0)] = 0
    """
    Dropout on the adapter input.
    """
    target_modules: Annotated[TargetModules | TargetModules1 | None, Field(validate_default=True)] = (
        "all-linear"
    )
    """
    Module names to adapt, or `all-linear`.
    """


class MetricEvent(BaseModel):
    """
    Numbers of one step.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["metric"] = "metric"
    step: Annotated[int, Field(ge=0)]
    values: dict[Annotated[str, StringConstraints(pattern=r"^.*$")], float | None]
    """
    By name: loss, learning_rate, grad_norm, tokens_per_second, step_seconds, memory_bytes, epoch, eval_loss and whatever a script reports. Null for NaN and infinities.
    """


class MissingItem(RootModel[str]):
    root: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """


class MissingAnswer(BaseModel):
    missing: list[MissingItem]


class Blob(RootModel[str]):
    root: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """


class MissingRequest(BaseModel):
    blobs: list[Blob]


class Module(BaseModel):
    path: str
    """
    Relative to the project folder.
    """
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """


class ModulesEvent(BaseModel):
    """
    Modules of the project that rank 0 has executed since the last such event, by the bytes that were really compiled. They equal the run's tree, or a notice says which do not.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["modules"] = "modules"
    modules: list[Module]


class NodeResources(BaseModel):
    id: str
    host: str
    cpus: float
    cpus_free: float
    gpus: float
    gpus_free: float
    memory_bytes: float
    memory_used_bytes: float
    zygote: Literal["starting", "ready", "failed"]


class NoticeEvent(BaseModel):
    """
    A sentence for the person, from Bottega and not from their code.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["notice"] = "notice"
    level: Literal["info", "warning", "error"]
    message: str
    details: str | None = None


class OutputEvent(BaseModel):
    """
    What a rank wrote.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["output"] = "output"
    rank: Annotated[int, Field(ge=0)]
    """
    Rank in the run, from 0.
    """
    stream: Literal["stdout", "stderr"]
    text: str
    """
    Whole lines where possible, at most 64 KiB; with its newlines. Hostile: never render as HTML.
    """


class Problem(BaseModel):
    path: str
    """
    JSON pointer to the value, for example /data/train.
    """
    message: str
    """
    One sentence for the person.
    """
    file: str | None = None
    """
    The file, when it is not the one that was asked about (`extends`).
    """
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    suggestion: str | None = None
    """
    What to write instead of the marked text.
    """


class ProfileRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    steps: Annotated[int, Field(ge=1, le=100)]
    """
    Steps to record, from the next one.
    """


class Step(RootModel[int]):
    root: Annotated[int, Field(ge=1)]


class ProfileWindow(BaseModel):
    """
    Steps to record with torch.profiler.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    steps: Annotated[list[Step], Field(max_length=2, min_length=2)]
    """
    First and last optimizer step to record, counted from 1.
    """
    with_stack: bool | None = False
    """
    Record Python stacks (slower, larger).
    """


class QueuePlace(BaseModel):
    position: Annotated[int, Field(ge=1)]
    length: Annotated[int, Field(ge=1)]


class RerunRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    cluster: Annotated[str | None, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")] = None
    """
    Up to 40 lowercase letters, digits and dashes.
    """


class Resources(BaseModel):
    """
    What one run reserves on the cluster.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    ranks: Annotated[int | None, Field(ge=1)] = 1
    """
    Processes that train together (DDP when more than 1).
    """
    cpus_per_rank: Annotated[float | None, Field(gt=0.0)] = 1
    """
    CPUs reserved for each rank; also its CPU threads.
    """
    gpus_per_rank: Annotated[float | None, Field(ge=0.0)] = 0
    """
    GPUs reserved for each rank. Less than 1 shares a GPU: the rank gets that part of its memory.
    """
    memory_gib_per_rank: Annotated[float | None, Field(gt=0.0)] = None
    """
    Memory one rank may use, in GiB; a rank that takes more is ended. Without it, what the node has.
    """


class Tree1(RootModel[str]):
    root: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """


class RerunOf(RootModel[str]):
    root: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """


class RunQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=500)]
    before: str | None = None
    """
    `next` of the page before.
    """
    cluster: str | None = None
    filter: str | None = None
    """
    A part of the name or of the id.
    """
    state: (
        Literal["pending", "starting", "running", "done", "failed", "stopped", "lost", "active", "ended"]
        | None
    ) = None
    folder: str | None = None
    """
    The project folder.
    """
    config_path: str | None = None
    """
    The config file, relative to the folder.
    """


class Prompt(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class Samples(BaseModel):
    """
    Texts generated during training, to see it learn.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    prompts: Annotated[list[Prompt], Field(max_length=16, min_length=1)]
    """
    Texts the model continues.
    """
    every_steps: Annotated[int | None, Field(ge=1)] = 100
    """
    Steps between samples; one is also taken at the end.
    """
    max_new_tokens: Annotated[int | None, Field(ge=1, le=1024)] = 48
    """
    Tokens written for each prompt.
    """


class Command(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]
    """
    What to run. A Python file (`train.py --epochs 3`) starts in a process with torch and transformers already imported; anything else is simply spawned.
    """


class Command1(RootModel[list[str]]):
    root: Annotated[list[str], Field(min_length=1)]
    """
    What to run. A Python file (`train.py --epochs 3`) starts in a process with torch and transformers already imported; anything else is simply spawned.
    """


class ScriptConfig(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["script"] = "script"
    """
    Run your own training script, unchanged.
    """
    name: Annotated[str | None, Field(max_length=80, min_length=1)] = None
    """
    What the run is called in lists. Default: the file name.
    """
    extends: Annotated[str | None, Field(min_length=1)] = None
    """
    Another run config, relative to this file; keys here override it.
    """
    lane: Literal["warm"] | None = "warm"
    """
    How the run is started: `warm` forks a process with all libraries already imported.
    """
    start: Literal["resident", "forked", "cold"] | None = "resident"
    """
    The most that is kept from earlier runs: `resident` (base weights, tokenizer and libraries), `forked` (libraries), `cold` (nothing: a new interpreter). The losses are the same.
    """
    priority: Annotated[int | None, Field(ge=-100, le=100)] = 0
    """
    Runs with a higher priority get seats first; equal ones in the order in which they came.
    """
    resources: Resources | None = None
    dependencies: Annotated[list[Dependency] | None, Field(max_length=200)] = None
    """
    Packages the run needs besides what is installed, as in requirements.txt. Without it, requirements.txt in the project folder counts if there is one.
    """
    stall_minutes: Annotated[float | None, Field(gt=0.0)] = None
    """
    End the run when it has said nothing (no step, no line) for so long, and show where it hangs.
    """
    env: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] | None = {}
    """
    Environment variables for every rank. Not for secrets: they are kept with the run.
    """
    command: Command | Command1
    """
    What to run. A Python file (`train.py --epochs 3`) starts in a process with torch and transformers already imported; anything else is simply spawned.
    """


class SearchPage(BaseModel):
    lines: list[LogLine]
    next: int | None
    total: int
    """
    Lines there are now.
    """


class SearchQuery(BaseModel):
    text: Annotated[str, Field(max_length=1000)]
    rank: Annotated[int | None, Field(ge=0)] = None
    stream: Literal["stdout", "stderr"] | None = None
    regex: bool
    """
    Whether text is a regular expression.
    """
    case: bool
    """
    Whether upper and lower case differ.
    """
    from_: Annotated[int, Field(alias="from", ge=1)]
    """
    The first line to look at.
    """
    limit: Annotated[int, Field(ge=1, le=10000)]
    """
    Matching lines in one answer.
    """


class StartPhase(BaseModel):
    name: str
    """
    ray, dashboard, engine, zygote.
    """
    started: float
    """
    Milliseconds since the Unix epoch.
    """
    duration_ms: float | None = None


class StatusEvent(BaseModel):
    """
    The run changed state. An ended state is the last event of the log.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["status"] = "status"
    state: Literal["pending", "starting", "running", "done", "failed", "stopped", "lost"]
    reason: str
    max_steps: int | None = None
    queue: QueuePlace | None = None
    exit_code: int | None = None


class StopRequest(BaseModel):
    grace_seconds: Annotated[float, Field(ge=0.0, le=600.0)]
    """
    Time to end by itself after SIGTERM; then the whole process group is killed.
    """


class Home(BaseModel):
    ledger_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    runs: int
    """
    Runs in the ledger.
    """


class Cluster1(BaseModel):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    things: list[CachedThing] | None
    disk_free_bytes: int | None


class Storage(BaseModel):
    home: Home
    clusters: list[Cluster1]


class StreamMessage4(BaseModel):
    type: Literal["run_deleted"] = "run_deleted"
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """


class StreamMessage6(BaseModel):
    type: Literal["cluster_deleted"] = "cluster_deleted"
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """


class StreamMessage7(BaseModel):
    type: Literal["heartbeat"] = "heartbeat"
    time: float
    """
    Milliseconds since the Unix epoch.
    """


class StreamRequest1(BaseModel):
    type: Literal["follow"] = "follow"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    from_: Annotated[int, Field(alias="from", ge=1)]
    output: Literal["all", "tail"] | None = None


class StreamRequest2(BaseModel):
    type: Literal["unfollow"] = "unfollow"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    output: Literal["all", "tail"] | None = None


class StreamRequest3(BaseModel):
    type: Literal["follow_ledger"] = "follow_ledger"


class StreamRequest4(BaseModel):
    type: Literal["unfollow_ledger"] = "unfollow_ledger"


StreamRequest = RootModel[StreamRequest1 | StreamRequest2 | StreamRequest3 | StreamRequest4]


class SubmitRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    config: str
    """
    A run config in YAML.
    """
    folder: str
    """
    The project folder: an absolute path on the machine of the agent.
    """
    config_path: str | None = None
    """
    Where the config lies, relative to the folder; `extends` is read from there.
    """
    cluster: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    name: str | None = None
    """
    Overrides the name in the config.
    """
    rerun_of: Annotated[str | None, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")] = None
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """


class TraceEvent(BaseModel):
    """
    A profiler trace of one rank.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["trace"] = "trace"
    name: str
    rank: Annotated[int, Field(ge=0)]
    """
    Rank in the run, from 0.
    """
    first_step: int
    last_step: int
    path: str
    """
    Chrome JSON, gzipped; relative to the output folder of the run.
    """
    size_bytes: int


class TreeEntry1(BaseModel):
    path: str
    type: Literal["file"] = "file"
    blob: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """
    size: int
    executable: bool


class TreeEntry2(BaseModel):
    path: str
    type: Literal["link"] = "link"
    target: str


class UpRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    spec: str
    """
    A cluster spec in YAML.
    """


class ValidateAnswer(BaseModel):
    problems: list[Problem]


class ValidateRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    text: str
    what: Literal["run", "cluster"]
    folder: str | None = None
    config_path: str | None = None


class EngineInfo(BaseModel):
    name: Literal["bottega-engine"] = "bottega-engine"
    version: str
    api_version: int
    incarnation: str
    """
    Changes with every start of the engine.
    """
    started: float
    """
    Milliseconds since the Unix epoch.
    """
    ray_version: str
    python_version: str
    torch_version: str
    nodes: list[NodeResources]


class EngineRun(BaseModel):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    state: Literal["pending", "starting", "running", "done", "failed", "stopped", "lost"]
    reason: str
    last_seq: int


class EngineStreamMessage2(BaseModel):
    type: Literal["nodes"] = "nodes"
    nodes: list[NodeResources]


class Phase(BaseModel):
    name: Literal[
        "sync", "seats", "environment", "base", "fork", "imports", "model", "data", "first_line", "first_step"
    ]
    started: float
    """
    Milliseconds since the Unix epoch.
    """
    duration_ms: float


class ErrorBody(BaseModel):
    code: Literal[
        "invalid_request",
        "invalid_config",
        "invalid_cluster_spec",
        "not_found",
        "conflict",
        "unauthorized",
        "agent_unreachable",
        "cluster_not_ready",
        "cluster_start_failed",
        "cluster_unreachable",
        "engine_failed",
        "version_mismatch",
        "folder_too_large",
        "folder_unreadable",
        "too_few_seats",
        "no_space",
        "port_in_use",
        "timeout",
        "internal",
    ]
    message: str
    """
    What happened, in one sentence.
    """
    hint: str | None = None
    """
    What to do next, in one sentence.
    """
    problems: list[Problem] | None = None
    details: str | None = None
    """
    Technical text for the fold, for example the end of a log.
    """


class FinetuneConfig(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["finetune"] = "finetune"
    """
    Fine-tune a causal language model.
    """
    name: Annotated[str | None, Field(max_length=80, min_length=1)] = None
    """
    What the run is called in lists. Default: the file name.
    """
    extends: Annotated[str | None, Field(min_length=1)] = None
    """
    Another run config, relative to this file; keys here override it.
    """
    lane: Literal["warm"] | None = "warm"
    """
    How the run is started: `warm` forks a process with all libraries already imported.
    """
    start: Literal["resident", "forked", "cold"] | None = "resident"
    """
    The most that is kept from earlier runs: `resident` (base weights, tokenizer and libraries), `forked` (libraries), `cold` (nothing: a new interpreter). The losses are the same.
    """
    priority: Annotated[int | None, Field(ge=-100, le=100)] = 0
    """
    Runs with a higher priority get seats first; equal ones in the order in which they came.
    """
    resources: Resources | None = None
    dependencies: Annotated[list[Dependency] | None, Field(max_length=200)] = None
    """
    Packages the run needs besides what is installed, as in requirements.txt. Without it, requirements.txt in the project folder counts if there is one.
    """
    stall_minutes: Annotated[float | None, Field(gt=0.0)] = None
    """
    End the run when it has said nothing (no step, no line) for so long, and show where it hangs.
    """
    env: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] | None = {}
    """
    Environment variables for every rank. Not for secrets: they are kept with the run.
    """
    model: Annotated[str, Field(min_length=1)]
    """
    A Hugging Face causal LM: a path relative to the project folder, an absolute path on the cluster, or a hub id.
    """
    revision: Annotated[str | None, Field(min_length=1)] = None
    """
    Branch, tag or commit of a hub model.
    """
    method: Literal["lora", "full"] | None = "lora"
    """
    `lora` trains a small adapter; `full` trains every weight.
    """
    lora: Lora | None = None
    data: Data
    loss: Annotated[str | None, Field(pattern="^[A-Za-z_][\\w.]*:[A-Za-z_]\\w*$")] = None
    """
    A function (model, batch) -> loss tensor, instead of the model's own loss, as `module:name` in the project folder.
    """
    seed: Annotated[int | None, Field(ge=0, le=4294967295)] = 42
    """
    Seed of data order, dropout and new weights.
    """
    bf16: bool | None = False
    """
    Train in bfloat16 (autocast); otherwise float32.
    """
    learning_rate: Annotated[float | None, Field(gt=0.0)] = 0.0002
    """
    Peak learning rate.
    """
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] | None = "linear"
    """
    Shape of the learning rate over the run.
    """
    warmup_steps: Annotated[int | None, Field(ge=0)] = 0
    """
    Steps of linear warm-up.
    """
    max_steps: Annotated[int | None, Field(ge=1)] = None
    """
    Optimizer steps, and the end of the schedule. Without it, num_train_epochs decides.
    """
    num_train_epochs: Annotated[float | None, Field(gt=0.0)] = 1
    """
    Passes over the data when max_steps is not set.
    """
    per_device_train_batch_size: Annotated[int | None, Field(ge=1)] = 4
    """
    Sequences per rank in one forward pass.
    """
    per_device_eval_batch_size: Annotated[int | None, Field(ge=1)] = 8
    """
    Sequences per rank in one evaluation pass.
    """
    gradient_accumulation_steps: Annotated[int | None, Field(ge=1)] = 1
    """
    Forward passes per optimizer step.
    """
    gradient_checkpointing: bool | None = False
    """
    Recompute activations in the backward pass to save memory.
    """
    weight_decay: Annotated[float | None, Field(ge=0.0)] = 0
    """
    AdamW weight decay; not applied to biases and norms.
    """
    adam_beta1: Annotated[float | None, Field(ge=0.0, lt=1.0)] = 0.9
    """
    AdamW beta1.
    """
    adam_beta2: Annotated[float | None, Field(ge=0.0, lt=1.0)] = 0.999
    """
    AdamW beta2.
    """
    adam_epsilon: Annotated[float | None, Field(gt=0.0)] = 1e-08
    """
    AdamW epsilon.
    """
    max_grad_norm: Annotated[float | None, Field(ge=0.0)] = 1
    """
    Gradients are clipped to this norm; 0 turns clipping off.
    """
    logging_steps: Annotated[int | None, Field(ge=1)] = 1
    """
    Steps between metrics.
    """
    eval_steps: Annotated[int | None, Field(ge=1)] = None
    """
    Steps between evaluations. Without it, one at the end when there is evaluation data.
    """
    save_steps: Annotated[int | None, Field(ge=1)] = None
    """
    Steps between checkpoints. Without it, only the final model is saved.
    """
    save_total_limit: Annotated[int | None, Field(ge=1)] = None
    """
    Checkpoints kept; the oldest go first.
    """
    resume_from_checkpoint: Annotated[str | None, Field(min_length=1)] = None
    """
    A run id (its last complete checkpoint), `<run id>/checkpoint-<step>`, or an absolute path on the cluster.
    """
    profile: ProfileWindow | None = None
    samples: Samples | None = None


class LinePage(BaseModel):
    lines: list[LogLine]
    total: int


class PhaseEvent(BaseModel):
    """
    A part of the start is over. With several ranks: the slowest one.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["phase"] = "phase"
    name: Literal[
        "sync", "seats", "environment", "base", "fork", "imports", "model", "data", "first_line", "first_step"
    ]
    started: float
    """
    Milliseconds since the Unix epoch.
    """
    duration_ms: float


class RunModel(BaseModel):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    name: str
    kind: Literal["finetune", "script"]
    cluster: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    folder: str
    """
    The project folder on the machine of the agent.
    """
    config_path: str | None
    """
    The config file, relative to the folder; null when it came from a cell or a call.
    """
    config: str
    """
    The YAML as it was submitted.
    """
    tree: Tree1 | None
    """
    Content address of the folder as it ran.
    """
    rerun_of: RerunOf | None
    branch_of: Branch | None
    is_kept: bool
    """
    A person wants to keep it: no clean-up takes it.
    """
    created: float
    """
    Milliseconds since the Unix epoch.
    """
    state: Literal["pending", "starting", "running", "done", "failed", "stopped", "lost"]
    reason: str
    """
    Why it waits or why it ended; empty when there is nothing to say.
    """
    start: Literal["cold", "forked", "resident"] | None
    queue: QueuePlace | None
    """
    While it waits for seats.
    """
    started: float | None
    """
    When the first step or line came.
    """
    ended: float | None
    step: int
    max_steps: int | None
    loss: float | None
    step_seconds: float | None
    last_seq: int
    """
    Number of the last event the agent has.
    """


class RunMime(BaseModel):
    version: Literal[1] = 1
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    run: RunModel
    taken: float | None = None
    """
    When the picture was taken, in milliseconds since the epoch.
    """


class RunPage(BaseModel):
    runs: list[RunModel]
    next: str | None
    """
    Pass as `before` for the next page.
    """


class StartEvent(BaseModel):
    """
    How much the processes of the run found ready. Once for a run.
    """

    seq: Annotated[int, Field(ge=1)]
    """
    Number in the event log of the run; no holes.
    """
    time: float
    """
    Milliseconds since the Unix epoch.
    """
    type: Literal["start"] = "start"
    level: Literal["cold", "forked", "resident"]
    reason: str
    """
    Why this level, and what was kept; one sentence.
    """


class StreamMessage3(BaseModel):
    type: Literal["run"] = "run"
    run: RunModel


class StreamMessage8(BaseModel):
    type: Literal["error"] = "error"
    run: Annotated[str | None, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")] = None
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    error: ErrorBody


class Tree(BaseModel):
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    SHA-256, in hex.
    """
    entries: list[TreeEntry1 | TreeEntry2]


class Cluster(BaseModel):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    """
    Up to 40 lowercase letters, digits and dashes.
    """
    spec: Annotated[LocalClusterSpec | ExistingClusterSpec, Field(title="Cluster spec")]
    state: Literal["stopped", "starting", "ready", "stopping", "failed", "lost"]
    """
    `lost`: it was up and does not answer now; it may come back. `failed`: it did not start or broke, see reason.
    """
    reason: str
    """
    Why it is in this state or what it waits for; a sentence, may be empty when ready.
    """
    error: ErrorBody | None = None
    since: float
    """
    Milliseconds since the Unix epoch.
    """
    observed: float
    """
    Milliseconds since the Unix epoch.
    """
    phases: list[StartPhase]
    nodes: list[NodeResources]
    ray_version: str | None = None
    engine_version: str | None = None
    incarnation: str | None = None
    """
    Changes when the head is a new one.
    """


class EngineStreamMessage4(BaseModel):
    type: Literal["error"] = "error"
    run: Annotated[str | None, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")] = None
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    error: ErrorBody


class EngineSubmit(BaseModel):
    name: str
    config: Annotated[FinetuneConfig | ScriptConfig, Field(title="Run config")]
    tree: Tree
    phases: list[Phase]
    """
    What happened before the engine heard of the run; becomes the first events of its log.
    """


class PreviousStart(BaseModel):
    run: RunModel | None
    phases: list[PhaseEvent]


class StreamMessage1(BaseModel):
    type: Literal["events"] = "events"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    events: list[
        PhaseEvent
        | StatusEvent
        | OutputEvent
        | MetricEvent
        | CheckpointEvent
        | TraceEvent
        | ArtifactEvent
        | NoticeEvent
        | StartEvent
        | ModulesEvent
        | ChangeEvent
        | GapEvent
    ]
    last_seq: int
    output: Literal["tail"] | None = None
    """
    For the follower of this kind.
    """
    line: int | None = None
    """
    Number of the line that the first output event of this message begins or goes on with; of all output events of this message, none is left out between the first and the last.
    """


class StreamMessage2(BaseModel):
    type: Literal["ledger"] = "ledger"
    clusters: list[Cluster]
    runs: list[RunModel]


class StreamMessage5(BaseModel):
    type: Literal["cluster"] = "cluster"
    cluster: Cluster


StreamMessage = RootModel[
    StreamMessage1
    | StreamMessage2
    | StreamMessage3
    | StreamMessage4
    | StreamMessage5
    | StreamMessage6
    | StreamMessage7
    | StreamMessage8
]


class EngineStreamMessage1(BaseModel):
    type: Literal["events"] = "events"
    run: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{5,63}$")]
    """
    Made by the caller: 6 to 64 lowercase letters, digits and dashes.
    """
    events: list[
        PhaseEvent
        | StatusEvent
        | OutputEvent
        | MetricEvent
        | CheckpointEvent
        | TraceEvent
        | ArtifactEvent
        | NoticeEvent
        | StartEvent
        | ModulesEvent
        | ChangeEvent
        | GapEvent
    ]
    last_seq: int


EngineStreamMessage = RootModel[
    EngineStreamMessage1 | EngineStreamMessage2 | EngineStreamMessage3 | EngineStreamMessage4
]


class EventPage(BaseModel):
    events: list[
        PhaseEvent
        | StatusEvent
        | OutputEvent
        | MetricEvent
        | CheckpointEvent
        | TraceEvent
        | ArtifactEvent
        | NoticeEvent
        | StartEvent
        | ModulesEvent
        | ChangeEvent
        | GapEvent
    ]
    last_seq: int
    """
    Number of the newest event there is.
    """
