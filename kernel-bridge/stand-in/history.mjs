// Runs that have been, for people who build lists: STAND_IN_HISTORY says how many.
const HOUR_MS = 3_600_000;
const names = ['docstrings-lora', 'docstrings-full', 'qwen-qlora', 'tower-eval'];
const long = 'a-run-with-a-name-that-is-much-longer-than-the-sidebar-is-wide';
const levels = ['resident', 'forked', 'resident', 'cold'];
const config = 'kind: finetune\nmodel: models/tiny-llama\ndata:\n  train: data/docstrings.jsonl\nmax_steps: 60\n';

const idOf = number => `past-run-${String(number).padStart(5, '0')}`;

/** Oldest first. The newest wait, run, began from others, are kept, or have long names. */
export const history = (count, folder) => {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) => pastRun(count - index, now, folder)).concat(
    count ? current(now, folder) : []
  );
};

/** `age` counts from 1 for the newest. */
const pastRun = (age, now, folder) => {
  const state = age % 13 === 0 ? 'failed' : age % 17 === 0 ? 'stopped' : age % 31 === 0 ? 'lost' : 'done';
  const created = now - age * 0.7 * HOUR_MS;
  const reason = {
    failed: 'Out of memory at step 3 on GPU 0. Lower per_device_train_batch_size.',
    lost: 'The engine was restarted.'
  }[state];
  return {
    ...record(idOf(age), age % 23 === 0 ? long : names[age % names.length], folder),
    cluster: age % 5 === 0 ? 'team-h100' : 'local',
    branch_of: age % 9 === 4 ? { run: idOf(age + 40), step: 20 } : null,
    is_kept: age % 19 === 3,
    created,
    state,
    reason: reason ?? '',
    start: levels[age % levels.length],
    started: created + 600,
    ended: created + 600 + (60 + (age % 300)) * 1000,
    step: state === 'done' ? 60 : 3,
    loss: 1.7 + (age % 40) / 50
  };
};

const current = (now, folder) => {
  const waiting = (position, reason) => ({ state: 'pending', queue: { position, length: 3 }, reason });
  const going = {
    state: 'running',
    start: 'resident',
    started: now - 40_000,
    step: 41,
    loss: 1.84,
    step_seconds: 0.41
  };
  const branch_of = { run: idOf(12), step: 40 };
  return [
    { ...record('past-going-1', 'docstrings-lora', folder), ...going, branch_of, created: now - 41_000, is_kept: true },
    {
      ...record('past-wait-1', 'docstrings-full', folder),
      ...waiting(1, 'Waits for 1 CPU on 1 node.'),
      created: now - 30_000
    },
    { ...record('past-wait-2', long, folder), ...waiting(2, 'Behind docstrings-full.'), created: now - 20_000 },
    { ...record('past-wait-3', 'qwen-qlora', folder), ...waiting(3, 'Behind docstrings-full.'), created: now - 10_000 }
  ];
};

const record = (id, name, folder) => ({
  id,
  name,
  kind: 'finetune',
  cluster: 'local',
  folder,
  config_path: 'finetune.run.yaml',
  config,
  tree: null,
  rerun_of: null,
  branch_of: null,
  is_kept: false,
  queue: null,
  start: null,
  reason: '',
  started: null,
  ended: null,
  step: 0,
  max_steps: 60,
  loss: null,
  step_seconds: null,
  last_seq: 0
});
