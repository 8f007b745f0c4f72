import { Type, type Static } from 'typebox';
import { ClusterName, Time } from './common.js';
import { ClusterSpec } from './cluster-spec.js';
import { ErrorBody } from './errors.js';

export const clusterStates = ['stopped', 'starting', 'ready', 'stopping', 'failed', 'lost'] as const;
export const ClusterState = Type.Enum([...clusterStates], {
  description:
    '`lost`: it was up and does not answer now; it may come back. `failed`: it did not start or broke, see reason.'
});
export type ClusterState = Static<typeof ClusterState>;

/** A timed part of bringing a cluster up. `duration_ms` is absent while it lasts. */
export const StartPhase = Type.Object({
  name: Type.String({ description: 'ray, dashboard, engine, zygote.' }),
  started: Time,
  duration_ms: Type.Optional(Type.Number())
});
export type StartPhase = Static<typeof StartPhase>;

export const NodeResources = Type.Object({
  id: Type.String(),
  host: Type.String(),
  cpus: Type.Number(),
  cpus_free: Type.Number(),
  gpus: Type.Number(),
  gpus_free: Type.Number(),
  memory_bytes: Type.Number(),
  memory_used_bytes: Type.Number(),
  zygote: Type.Enum(['starting', 'ready', 'failed'])
});
export type NodeResources = Static<typeof NodeResources>;

/** What the agent knows of a cluster. */
export const Cluster = Type.Object({
  name: ClusterName,
  spec: ClusterSpec,
  state: ClusterState,
  reason: Type.String({
    description: 'Why it is in this state or what it waits for; a sentence, may be empty when ready.'
  }),
  error: Type.Optional(ErrorBody),
  since: Time,
  observed: Time,
  phases: Type.Array(StartPhase),
  nodes: Type.Array(NodeResources),
  ray_version: Type.Optional(Type.String()),
  engine_version: Type.Optional(Type.String()),
  incarnation: Type.Optional(Type.String({ description: 'Changes when the head is a new one.' }))
});
export type Cluster = Static<typeof Cluster>;
