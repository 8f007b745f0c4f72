import { Type, type Static } from 'typebox';
import { NodeResources } from './cluster.js';
import { Digest, RunId, Time } from './common.js';
import { ErrorBody } from './errors.js';
import { PhaseName, RunEvent } from './events.js';
import { RunConfig } from './run-config.js';
import { RunState } from './run.js';
import { CachedThing } from './storage.js';

/*
 * The engine's HTTP API on the head of the cluster. Every request carries `Authorization: Bearer <token>`; the engine
 * knows only the SHA-256 of that token. Bodies are JSON; errors are `ErrorBody`.
 *
 *   GET    /v1/info                               EngineInfo
 *   POST   /v1/blobs/missing     MissingRequest   MissingAnswer
 *   POST   /v1/blobs             pack of blobs    204           see BLOB_PACK
 *   PUT    /v1/runs/:id          EngineSubmit     EngineRun     idempotent by id; 409 with code `conflict` when blobs are missing
 *   GET    /v1/runs                               EngineRun[]
 *   GET    /v1/runs/:id                           EngineRun
 *   POST   /v1/runs/:id/stop     StopRequest      EngineRun
 *   POST   /v1/runs/:id/profile  ProfileRequest   204
 *   PATCH  /v1/runs/:id/config   EngineChange     204           live fields of a run that goes on or waits for seats
 *   DELETE /v1/runs/:id                           204
 *   GET    /v1/runs/:id/events?from&limit         EventPage
 *   GET    /v1/runs/:id/files/*                   bytes, Range
 *   GET    /v1/runs/:id/traces/:name              Arrow IPC streams, see traceColumns
 *   GET    /v1/storage                            EngineStorage
 *   POST   /v1/cleanup           EngineCleanup    EngineCleanupAnswer
 *   GET    /v1/stream                             WebSocket: EngineStreamRequest in, EngineStreamMessage out
 */

/**
 * A pack of blobs: for each, an 8-byte big-endian length and then the bytes. Names are not sent; the engine hashes
 * what it receives.
 */
export const BLOB_PACK = 'application/vnd.bottega.blobs';

/** One entry of a tree. A link's target is relative and stays inside the tree. */
export const TreeEntry = Type.Union([
  Type.Object({
    path: Type.String(),
    type: Type.Literal('file'),
    blob: Digest,
    size: Type.Integer(),
    executable: Type.Boolean()
  }),
  Type.Object({ path: Type.String(), type: Type.Literal('link'), target: Type.String() })
]);
export type TreeEntry = Static<typeof TreeEntry>;

/** A folder by content: entries sorted by path (bytewise); its digest is the SHA-256 of their JSON. */
export const Tree = Type.Object({ digest: Digest, entries: Type.Array(TreeEntry) });
export type Tree = Static<typeof Tree>;

export const EngineInfo = Type.Object({
  name: Type.Literal('bottega-engine'),
  version: Type.String(),
  api_version: Type.Integer(),
  incarnation: Type.String({ description: 'Changes with every start of the engine.' }),
  started: Time,
  ray_version: Type.String(),
  python_version: Type.String(),
  torch_version: Type.String(),
  nodes: Type.Array(NodeResources)
});
export type EngineInfo = Static<typeof EngineInfo>;

export const MissingRequest = Type.Object({ blobs: Type.Array(Digest) });
export const MissingAnswer = Type.Object({ missing: Type.Array(Digest) });

export const EngineSubmit = Type.Object({
  name: Type.String(),
  config: RunConfig,
  tree: Tree,
  phases: Type.Array(Type.Object({ name: PhaseName, started: Time, duration_ms: Type.Number() }), {
    description: 'What happened before the engine heard of the run; becomes the first events of its log.'
  })
});
export type EngineSubmit = Static<typeof EngineSubmit>;

export const EngineRun = Type.Object({ id: RunId, state: RunState, reason: Type.String(), last_seq: Type.Integer() });
export type EngineRun = Static<typeof EngineRun>;

export const StopRequest = Type.Object({
  grace_seconds: Type.Number({
    minimum: 0,
    maximum: 600,
    default: 10,
    description: 'Time to end by itself after SIGTERM; then the whole process group is killed.'
  })
});
export type StopRequest = Static<typeof StopRequest>;

/** Live fields by dotted key; null takes a field away. The caller has checked them against the schema. */
export const EngineChange = Type.Object({ values: Type.Record(Type.String(), Type.Unknown()) });
export type EngineChange = Static<typeof EngineChange>;

export const EngineStorage = Type.Object({
  things: Type.Array(CachedThing),
  disk_free_bytes: Type.Integer(),
  disk_total_bytes: Type.Integer()
});
export type EngineStorage = Static<typeof EngineStorage>;

/** Removes caches that were not used for so long and that no run needs; `without` are runs that are about to be deleted. */
export const EngineCleanup = Type.Object({
  dry_run: Type.Boolean(),
  unused_days: Type.Number({ minimum: 0 }),
  without: Type.Array(RunId)
});
export type EngineCleanup = Static<typeof EngineCleanup>;

export const EngineCleanupAnswer = Type.Object({ things: Type.Array(CachedThing) });
export type EngineCleanupAnswer = Static<typeof EngineCleanupAnswer>;

export const EngineStreamRequest = Type.Union([
  Type.Object({ type: Type.Literal('follow'), run: RunId, from: Type.Integer({ minimum: 1 }) }),
  Type.Object({ type: Type.Literal('unfollow'), run: RunId })
]);
export type EngineStreamRequest = Static<typeof EngineStreamRequest>;

export const EngineStreamMessage = Type.Union([
  Type.Object({ type: Type.Literal('events'), run: RunId, events: Type.Array(RunEvent), last_seq: Type.Integer() }),
  Type.Object({ type: Type.Literal('nodes'), nodes: Type.Array(NodeResources) }),
  Type.Object({ type: Type.Literal('heartbeat'), time: Time }),
  Type.Object({ type: Type.Literal('error'), run: Type.Optional(RunId), error: ErrorBody })
]);
export type EngineStreamMessage = Static<typeof EngineStreamMessage>;

/**
 * Columns of a trace as the browser gets it (Arrow IPC stream, one row a slice, sorted by lane and start).
 * Schema metadata: `lanes` (JSON list of {lane, process, thread, rank, depth}), `start_us`, `end_us`, `truncated`.
 *
 * A recording (`name` of the trace events) has one file a rank. The answer is their streams, whole, one after the
 * other in the order of ranks: the files `<path>.arrow` simply concatenated. `start_us` of the metadata says how the
 * ranks lie in time; lanes are numbered anew in each stream. 404 until the first rank has written its trace.
 */
export const traceColumns = {
  start_us: 'float64: since the start of the trace',
  duration_us: 'float32',
  name: 'dictionary of utf8',
  family: 'dictionary of utf8: matmul, attention, norm, optimizer, communication, copy, host, other',
  lane: 'uint16: index in lanes',
  depth: 'uint8: nesting in the lane'
} as const;
