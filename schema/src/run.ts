import { Type, type Static } from 'typebox';
import { ClusterName, Digest, RunId, Time } from './common.js';

/**
 * pending: written in the ledger, not yet on the cluster or waiting for seats.
 * starting: it has seats; processes come up.
 * running: the first optimizer step is done; a script runs from its first process on.
 * done, failed, stopped, lost: it ended; `lost` when what held it is gone and nobody can say how it ended.
 */
export const activeStates = ['pending', 'starting', 'running'] as const;
export const endedStates = ['done', 'failed', 'stopped', 'lost'] as const;
export const runStates = [...activeStates, ...endedStates] as const;
export const RunState = Type.Enum([...runStates]);
export type RunState = Static<typeof RunState>;
export const hasEnded = (state: RunState): boolean => (endedStates as readonly string[]).includes(state);

/** What a start found ready: nothing, a process with the libraries, or one with the base model as well. */
export const startLevels = ['cold', 'forked', 'resident'] as const;
export const StartLevel = Type.Enum([...startLevels]);
export type StartLevel = Static<typeof StartLevel>;

/** A place in the queue for seats, from 1. */
export const QueuePlace = Type.Object({ position: Type.Integer({ minimum: 1 }), length: Type.Integer({ minimum: 1 }) });
export type QueuePlace = Static<typeof QueuePlace>;

/** The checkpoint a run began from. */
export const Branch = Type.Object({
  run: RunId,
  step: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Null when the config named only the run: its last complete checkpoint.'
  })
});
export type Branch = Static<typeof Branch>;

/** A line of the ledger. Everything from `state` on is a fold over the run's event log. */
export const Run = Type.Object({
  id: RunId,
  name: Type.String(),
  kind: Type.Enum(['finetune', 'script']),
  cluster: ClusterName,
  folder: Type.String({ description: 'The project folder on the machine of the agent.' }),
  config_path: Type.Union([Type.String(), Type.Null()], {
    description: 'The config file, relative to the folder; null when it came from a cell or a call.'
  }),
  config: Type.String({ description: 'The YAML as it was submitted.' }),
  tree: Type.Union([Digest, Type.Null()], { description: 'Content address of the folder as it ran.' }),
  rerun_of: Type.Union([RunId, Type.Null()]),
  branch_of: Type.Union([Branch, Type.Null()]),
  is_kept: Type.Boolean({ description: 'A person wants to keep it: no clean-up takes it.' }),
  created: Time,
  state: RunState,
  reason: Type.String({ description: 'Why it waits or why it ended; empty when there is nothing to say.' }),
  start: Type.Union([StartLevel, Type.Null()]),
  queue: Type.Union([QueuePlace, Type.Null()], { description: 'While it waits for seats.' }),
  started: Type.Union([Time, Type.Null()], { description: 'When the first step or line came.' }),
  ended: Type.Union([Time, Type.Null()]),
  step: Type.Integer(),
  max_steps: Type.Union([Type.Integer(), Type.Null()]),
  loss: Type.Union([Type.Number(), Type.Null()]),
  step_seconds: Type.Union([Type.Number(), Type.Null()]),
  last_seq: Type.Integer({ description: 'Number of the last event the agent has.' })
});
export type Run = Static<typeof Run>;
