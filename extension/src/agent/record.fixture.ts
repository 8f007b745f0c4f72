import type { Cluster, Run } from '@bottega/schema';

/** A run as the agent would record it, for tests. */
export const runRecord = (change: Partial<Run> & { id: string }): Run => ({
  name: change.id,
  kind: 'finetune',
  cluster: 'local',
  folder: '/home/ada/docstrings',
  config_path: 'finetune.run.yaml',
  config: 'kind: finetune\n',
  tree: null,
  rerun_of: null,
  branch_of: null,
  is_kept: false,
  start: null,
  queue: null,
  created: 1_000,
  state: 'running',
  reason: '',
  started: null,
  ended: null,
  step: 0,
  max_steps: null,
  loss: null,
  step_seconds: null,
  last_seq: 0,
  ...change
});

/** A cluster as the agent would record it, for tests. */
export const clusterRecord = (change: Partial<Cluster> & { name: string }): Cluster => ({
  spec: { provider: 'local', name: change.name },
  state: 'ready',
  reason: '',
  since: 1_000,
  observed: 1_000,
  phases: [],
  nodes: [],
  ...change
});
