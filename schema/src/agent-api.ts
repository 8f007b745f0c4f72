import { Type, type Static } from 'typebox';
import { Cluster } from './cluster.js';
import { ClusterName, RunId, Time } from './common.js';
import { ErrorBody, Problem } from './errors.js';
import { RunEvent } from './events.js';
import { Run } from './run.js';

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
 *   GET    /v1/runs?limit&before&cluster&filter    RunPage       newest first
 *   POST   /v1/runs                  SubmitRequest Run           idempotent by id
 *   GET    /v1/runs/:id                            Run
 *   POST   /v1/runs/:id/stop                       Run
 *   POST   /v1/runs/:id/rerun        RerunRequest  Run
 *   POST   /v1/runs/:id/profile      ProfileRequest  204
 *   DELETE /v1/runs/:id                            204           ended ones only
 *   GET    /v1/runs/:id/events?from&limit          EventPage
 *   GET    /v1/runs/:id/files/*                    bytes         a file of the run's output folder
 *   GET    /v1/runs/:id/traces/:name               bytes         all ranks of the recording as Arrow IPC, see traceColumns
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

/** What a subscriber says on the stream. `from` is the first number it wants. `ledger` is every run and cluster record as it changes. */
export const StreamRequest = Type.Union([
  Type.Object({ type: Type.Literal('follow'), run: RunId, from: Type.Integer({ minimum: 1 }) }),
  Type.Object({ type: Type.Literal('unfollow'), run: RunId }),
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
  Type.Object({ type: Type.Literal('events'), run: RunId, events: Type.Array(RunEvent), last_seq: Type.Integer() }),
  Type.Object({ type: Type.Literal('ledger'), clusters: Type.Array(Cluster), runs: Type.Array(Run) }),
  Type.Object({ type: Type.Literal('run'), run: Run }),
  Type.Object({ type: Type.Literal('run_deleted'), id: RunId }),
  Type.Object({ type: Type.Literal('cluster'), cluster: Cluster }),
  Type.Object({ type: Type.Literal('cluster_deleted'), name: ClusterName }),
  Type.Object({ type: Type.Literal('heartbeat'), time: Time }),
  Type.Object({ type: Type.Literal('error'), run: Type.Optional(RunId), error: ErrorBody })
]);
export type StreamMessage = Static<typeof StreamMessage>;
