import type { Run } from '@bottega/schema';

/** A run as it stands in the ledger before its first event. */
export const newRun = (id = 'run-000001'): Run => ({
  id,
  name: 'test',
  kind: 'finetune',
  cluster: 'local',
  folder: '/project',
  config_path: null,
  config: 'kind: finetune',
  tree: null,
  rerun_of: null,
  branch_of: null,
  is_kept: false,
  start: null,
  queue: null,
  created: 1,
  state: 'pending',
  reason: '',
  started: null,
  ended: null,
  step: 0,
  max_steps: null,
  loss: null,
  step_seconds: null,
  last_seq: 0
});
