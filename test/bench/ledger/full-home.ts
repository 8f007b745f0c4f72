import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run, RunEvent } from '@bottega/schema';
import { Ledger } from '../../../cluster-agent/lib/ledger/index.js';
import { applyEvent } from '../../../cluster-agent/lib/runs/index.js';

export const RUNS = 10_000;
const LONG_RUNS = 2;
const LONG_EVENTS = 100_000;
const EVENTS_AT_ONCE = 5_000;
const MINUTE_MS = 60_000;

/** What ten thousand runs leave: the newest ten go on, the oldest two wrote a hundred thousand lines. */
export const fillHome = async (home: string): Promise<Run[]> => {
  await mkdir(home, { mode: 0o700, recursive: true });
  const ledger = new Ledger(join(home, 'ledger.db'), applyEvent);
  const runs = Array.from({ length: RUNS }, (_, index) => runAt(index, Date.now()));
  for (const run of runs) ledger.addRun(run, run.id);
  for (const run of runs.slice(0, LONG_RUNS)) {
    for (let first = 1; first <= LONG_EVENTS; first += EVENTS_AT_ONCE) ledger.appendEvents([run.id, linesFrom(first)]);
  }
  ledger.close();
  return runs;
};

/** The same as trackers that are made of files have it: a folder of JSON files. */
export const writeFiles = async (folder: string, runs: Run[]): Promise<void> => {
  await mkdir(folder);
  for (const run of runs) await writeFile(join(folder, `${run.id}.json`), JSON.stringify(run));
};

const runAt = (index: number, now: number): Run => {
  const created = now - (RUNS - index) * MINUTE_MS;
  const states = ['done', 'done', 'done', 'failed', 'stopped', 'lost'] as const;
  return {
    id: `bench-${String(index).padStart(6, '0')}`,
    name: `${['docstrings', 'summaries', 'chat', 'ranking'][index % 4]}-lora-r${8 << (index % 3)} seed ${index}`,
    kind: 'finetune',
    cluster: index % 3 ? 'local' : 'team',
    folder: `/home/person/projects/project-${index % 20}`,
    config_path: 'finetune.run.yaml',
    config: CONFIG,
    tree: 'a'.repeat(64),
    rerun_of: null,
    branch_of: null,
    is_kept: false,
    created,
    state: states[index % states.length] ?? 'done',
    reason: '',
    start: 'forked',
    queue: null,
    started: created + 300,
    ended: created + 40_000,
    step: 200,
    max_steps: 200,
    loss: 1.7 + (index % 100) / 100,
    step_seconds: 0.2,
    last_seq: 0
  };
};

/** Two kilobytes, as configs with comments are. */
const CONFIG = [
  'kind: finetune\nmodel: models/tiny-llama\ndata: data/docstrings.jsonl\nlearning_rate: 2.0e-4\nmax_steps: 200',
  'lora:\n  r: 16\n  lora_alpha: 32\n  target_modules: [q_proj, k_proj, v_proj, o_proj]',
  ...Array.from({ length: 20 }, (_, line) => `# ${line}: what was tried before, and what came of it, for those who ask`)
].join('\n');

const linesFrom = (first: number): RunEvent[] =>
  Array.from({ length: EVENTS_AT_ONCE }, (_, index) => ({
    ...{ seq: first + index, time: index, type: 'output' as const, rank: 0, stream: 'stdout' as const },
    text: `step ${first + index}  loss 1.734  lr 1.9e-04  grad 0.71  0.41 s\n`
  }));
