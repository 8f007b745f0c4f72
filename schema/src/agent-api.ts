import { Type, type Static } from 'typebox';
import { Cluster } from './cluster.js';
import { ClusterName, RunId, Time } from './common.js';
import { ErrorBody, Problem } from './errors.js';
import { PhaseEvent, RunEvent } from './events.js';
import { Run, runStates } from './run.js';
import { CachedThing } from './storage.js';

/*
 * The agent's HTTP API, under /v1 on its unix socket; the Jupyter server half tunnels it at
 * `<base url>bottega/agent/v1/…`. Bodies are JSON; errors are `ErrorBody`.
 *
 *   GET    /v1/info                                AgentInfo
 *   GET    /v1/clusters                            Cluster[]
 *   POST   /v1/clusters              UpRequest     Cluster       start it (idempotent); answers at once, state `starting`
 *   POST   /v1/clusters/:name/stop                 Cluster
 *   DELETE /v1/clusters/:name                      204           forget a stopped one
 *   ANY    /v1/clusters/:name/dashboard/*                        Ray Dashboard, reads only, WebSockets too
 *   POST   /v1/validate              ValidateRequest  ValidateAnswer
 *   GET    /v1/runs?limit&before&…                 RunPage       newest first, see RunQuery
 *   POST   /v1/runs                  SubmitRequest Run           idempotent by id
 *   GET    /v1/runs/:id                            Run
 *   POST   /v1/runs/:id/stop                       Run
 *   POST   /v1/runs/:id/rerun        RerunRequest  Run
 *   POST   /v1/runs/:id/profile      ProfileRequest  204
 *   PATCH  /v1/runs/:id/config       ChangeRequest   204         live fields of a run that goes on or waits; the `change` event tells when
 *   POST   /v1/runs/:id/keep         KeepRequest   Run
 *   GET    /v1/runs/:id/previous                   PreviousStart
 *   DELETE /v1/runs/:id                            204           ended ones only
 *   GET    /v1/runs/:id/events?from&limit          EventPage
 *   GET    /v1/runs/:id/lines?from&limit           LinePage      lines of the output by number
 *   GET    /v1/runs/:id/search?text&…              SearchPage    see SearchQuery
 *   GET    /v1/runs/:id/files/*                    bytes         a file of the run's output folder
 *   GET    /v1/runs/:id/traces/:name               bytes         all ranks of the recording as Arrow IPC, see traceColumns
 *   GET    /v1/storage                             Storage
 *   POST   /v1/cleanup               CleanupRequest  CleanupAnswer
 *   GET    /v1/stream                              WebSocket     StreamRequest in, StreamMessage out
 *   GET    /openapi.json
 */

export const AgentInfo = Type.Object({
  name: Type.Literal('bottega-agent'),
  version: Type.String(),
  api_version: Type.Integer(),
  pid: Type.Integer(),
  started: Time,
  home: Type.String()
});
export type AgentInfo = Static<typeof AgentInfo>;

/** The file `agent.json` in BOTTEGA_HOME: where a running agent is. Mode 0600. */
export const AgentAddress = Type.Object({
  socket: Type.String(),
  pid: Type.Integer(),
  version: Type.String(),
  api_version: Type.Integer()
});
export type AgentAddress = Static<typeof AgentAddress>;

export const UpRequest = Type.Object(
  {
    spec: Type.String({ description: 'A cluster spec in YAML.' })
  },
  { additionalProperties: false }
);
export type UpRequest = Static<typeof UpRequest>;

export const SubmitRequest = Type.Object(
  {
    id: RunId,
    config: Type.String({ description: 'A run config in YAML.' }),
    folder: Type.String({ description: 'The project folder: an absolute path on the machine of the agent.' }),
    config_path: Type.Optional(
      Type.String({ description: 'Where the config lies, relative to the folder; `extends` is read from there.' })
    ),
    cluster: ClusterName,
    name: Type.Optional(Type.String({ description: 'Overrides the name in the config.' })),
    rerun_of: Type.Optional(RunId)
  },
  { additionalProperties: false }
);
export type SubmitRequest = Static<typeof SubmitRequest>;

/** Runs the same config and folder again as they are now. */
export const RerunRequest = Type.Object(
  { id: RunId, cluster: Type.Optional(ClusterName) },
  { additionalProperties: false }
);
export type RerunRequest = Static<typeof RerunRequest>;

export const ProfileRequest = Type.Object(
  {
    steps: Type.Integer({ minimum: 1, maximum: 100, default: 5, description: 'Steps to record, from the next one.' })
  },
  { additionalProperties: false }
);
export type ProfileRequest = Static<typeof ProfileRequest>;

/** Live fields by dotted key (see liveFields); null takes a field away. */
export const ChangeRequest = Type.Object(
  { values: Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }) },
  { additionalProperties: false }
);
export type ChangeRequest = Static<typeof ChangeRequest>;

export const KeepRequest = Type.Object({ is_kept: Type.Boolean() }, { additionalProperties: false });
export type KeepRequest = Static<typeof KeepRequest>;

/** The start of the run before this one with the same folder and config file (or name), to compare with. */
export const PreviousStart = Type.Object({
  run: Type.Union([Run, Type.Null()]),
  phases: Type.Array(PhaseEvent)
});
export type PreviousStart = Static<typeof PreviousStart>;

export const ValidateRequest = Type.Object(
  {
    text: Type.String(),
    what: Type.Enum(['run', 'cluster']),
    folder: Type.Optional(Type.String()),
    config_path: Type.Optional(Type.String())
  },
  { additionalProperties: false }
);
export type ValidateRequest = Static<typeof ValidateRequest>;
export const ValidateAnswer = Type.Object({ problems: Type.Array(Problem) });
export type ValidateAnswer = Static<typeof ValidateAnswer>;

/** Which runs a list has. `state` also takes `active` and `ended`. */
export const RunQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  before: Type.Optional(Type.String({ description: '`next` of the page before.' })),
  cluster: Type.Optional(Type.String()),
  filter: Type.Optional(Type.String({ description: 'A part of the name or of the id.' })),
  state: Type.Optional(Type.Enum([...runStates, 'active', 'ended'])),
  folder: Type.Optional(Type.String({ description: 'The project folder.' })),
  config_path: Type.Optional(Type.String({ description: 'The config file, relative to the folder.' }))
});
export type RunQuery = Static<typeof RunQuery>;

export const RunPage = Type.Object({
  runs: Type.Array(Run),
  next: Type.Union([Type.String(), Type.Null()], { description: 'Pass as `before` for the next page.' })
});
export type RunPage = Static<typeof RunPage>;

export const EventPage = Type.Object({
  events: Type.Array(RunEvent),
  last_seq: Type.Integer({ description: 'Number of the newest event there is.' })
});
export type EventPage = Static<typeof EventPage>;

/**
 * A line of what a run wrote, by its number from 1 over all ranks and streams. Two ranks or streams never share a line:
 * text that another one interrupts goes on as a new line. After a carriage return the next text takes the place of what
 * the line had, so a progress bar is one line; the last line may still grow or change. What is longer than 16,384
 * characters goes on as a new line. `time` is that of its last text.
 */
export const LogLine = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  time: Time,
  rank: Type.Integer({ minimum: 0 }),
  stream: Type.Enum(['stdout', 'stderr']),
  text: Type.String({ description: 'Without its newline, at most 64 KiB. Hostile.' })
});
export type LogLine = Static<typeof LogLine>;

/** `total` counts the lines there are now; a page beyond them is empty. */
export const LinePage = Type.Object({ lines: Type.Array(LogLine), total: Type.Integer() });
export type LinePage = Static<typeof LinePage>;

/** Lines that have a text, of one rank or stream or of all. Without a text, all lines of that rank or stream. */
export const SearchQuery = Type.Object({
  text: Type.String({ maxLength: 1000, default: '' }),
  rank: Type.Optional(Type.Integer({ minimum: 0 })),
  stream: Type.Optional(Type.Enum(['stdout', 'stderr'])),
  regex: Type.Boolean({ default: false, description: 'Whether text is a regular expression.' }),
  case: Type.Boolean({ default: false, description: 'Whether upper and lower case differ.' }),
  from: Type.Integer({ minimum: 1, default: 1, description: 'The first line to look at.' }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000, description: 'Matching lines in one answer.' })
});
export type SearchQuery = Static<typeof SearchQuery>;

/** Matching lines in order. `next` is where to go on, null when all lines have been looked at. */
export const SearchPage = Type.Object({
  lines: Type.Array(LogLine),
  next: Type.Union([Type.Integer(), Type.Null()]),
  total: Type.Integer({ description: 'Lines there are now.' })
});
export type SearchPage = Static<typeof SearchPage>;

/** What lies where. Sizes in bytes; a cluster that is away has null. */
export const Storage = Type.Object({
  home: Type.Object({
    ledger_bytes: Type.Integer(),
    disk_free_bytes: Type.Integer(),
    disk_total_bytes: Type.Integer(),
    runs: Type.Integer({ description: 'Runs in the ledger.' })
  }),
  clusters: Type.Array(
    Type.Object({
      name: ClusterName,
      things: Type.Union([Type.Array(CachedThing), Type.Null()]),
      disk_free_bytes: Type.Union([Type.Integer(), Type.Null()])
    })
  )
});
export type Storage = Static<typeof Storage>;

/**
 * Rules for what may go: an ended run that is older than `older_than_days`, not among the `newest` runs, not kept, and
 * not needed by a run that stays (as the origin of its branch); then caches that no run needs and that were not used
 * for `unused_days`. A dry run changes nothing and gives the same answer.
 */
export const CleanupRequest = Type.Object(
  {
    dry_run: Type.Boolean(),
    older_than_days: Type.Number({ minimum: 0, default: 30 }),
    newest: Type.Integer({ minimum: 0, default: 100 }),
    unused_days: Type.Number({ minimum: 0, default: 14 })
  },
  { additionalProperties: false }
);
export type CleanupRequest = Static<typeof CleanupRequest>;

export const CleanupAnswer = Type.Object({
  dry_run: Type.Boolean(),
  runs: Type.Array(
    Type.Object({ id: RunId, name: Type.String(), size_bytes: Type.Union([Type.Integer(), Type.Null()]) })
  ),
  stays: Type.Array(Type.Object({ id: RunId, name: Type.String(), reason: Type.String() }), {
    description: 'Runs that are old enough to go and stay all the same.'
  }),
  things: Type.Array(Type.Object({ cluster: ClusterName, thing: CachedThing })),
  unreachable: Type.Array(ClusterName, { description: 'Clusters that did not answer: nothing there was touched.' }),
  freed_bytes: Type.Integer()
});
export type CleanupAnswer = Static<typeof CleanupAnswer>;

/**
 * What a subscriber says on the stream. `from` is the first number it wants. `output: tail` leaves out what the run
 * wrote long ago: of output events, only those of about the last thousand lines and all that come later are sent; the
 * rest is there by number (`/lines`). A tail that is much more than a thousand lines behind, because it reads slowly or
 * the run writes a flood, leaves out output again, and `line` jumps; other events are never left out. A connection has one
 * place of each kind in a run: a second `follow` of the same kind moves it. `ledger` is every run and cluster record as it
 * changes.
 */
export const StreamRequest = Type.Union([
  Type.Object({
    type: Type.Literal('follow'),
    run: RunId,
    from: Type.Integer({ minimum: 1 }),
    output: Type.Optional(Type.Enum(['all', 'tail']))
  }),
  Type.Object({
    type: Type.Literal('unfollow'),
    run: RunId,
    output: Type.Optional(Type.Enum(['all', 'tail']))
  }),
  Type.Object({ type: Type.Literal('follow_ledger') }),
  Type.Object({ type: Type.Literal('unfollow_ledger') })
]);
export type StreamRequest = Static<typeof StreamRequest>;

/**
 * What the agent says on the stream. Frames stay under 1 MiB. A subscriber that reads slowly gets larger pages later,
 * never a hole. `heartbeat` comes every 10 s; after 30 s without any message the client reconnects and follows on.
 * After `follow_ledger` the agent first sends one `ledger` with all clusters and the newest runs.
 */
export const StreamMessage = Type.Union([
  Type.Object({
    type: Type.Literal('events'),
    run: RunId,
    events: Type.Array(RunEvent),
    last_seq: Type.Integer(),
    output: Type.Optional(Type.Literal('tail', { description: 'For the follower of this kind.' })),
    line: Type.Optional(
      Type.Integer({
        description:
          'Number of the line that the first output event of this message begins or goes on with; of all output events of this message, none is left out between the first and the last.'
      })
    )
  }),
  Type.Object({ type: Type.Literal('ledger'), clusters: Type.Array(Cluster), runs: Type.Array(Run) }),
  Type.Object({ type: Type.Literal('run'), run: Run }),
  Type.Object({ type: Type.Literal('run_deleted'), id: RunId }),
  Type.Object({ type: Type.Literal('cluster'), cluster: Cluster }),
  Type.Object({ type: Type.Literal('cluster_deleted'), name: ClusterName }),
  Type.Object({ type: Type.Literal('heartbeat'), time: Time }),
  Type.Object({ type: Type.Literal('error'), run: Type.Optional(RunId), error: ErrorBody })
]);
export type StreamMessage = Static<typeof StreamMessage>;
