// A run that looks like training, for people who build panels: `# rehearse <steps> [every <ms>] [<word>…]` in the
// config. Words: `fail`; `base` (the first run on a base model, with packages to install); `queue` (waits for seats for
// some seconds); `edited` (a module changed while the run was sent); `lines-<count>` (output before the first step).
import { setTimeout as pause } from 'node:timers/promises';

const resident = { sync: 12, seats: 6, fork: 14, imports: 17, model: 22, data: 31, first_step: 141 };
const firstOnBase = { ...resident, environment: 1900, base: 640, model: 92 };
const order = ['sync', 'seats', 'environment', 'base', 'fork', 'imports', 'model', 'data', 'first_step'];
const levels = {
  base: { level: 'forked', reason: 'Nobody had the base model yet; the libraries were ready.' },
  resident: { level: 'resident', reason: 'The base model models/tiny-llama and its tokenizer were in memory.' }
};
const hash = character => character.repeat(64);

/** Plays the run through `append`; ends early when `isOver` says so. */
export const rehearse = async (config, append, isOver) => {
  const [, count = '40', every = '50', rest = ''] = /# rehearse (\d+)(?: every (\d+))?(.*)/.exec(config) ?? [];
  const words = rest.split(' ');
  const fails = words.includes('fail');
  const isFirst = words.includes('base');
  const phases = isFirst ? firstOnBase : resident;
  const steps = Number(count);
  const output = (text, rank = 0, stream = 'stdout') => append({ type: 'output', rank, stream, text });
  if (words.includes('queue')) await waitForSeats(append, isOver);
  append({ type: 'status', state: 'starting', reason: '' });
  let started = Date.now();
  for (const name of order.filter(each => each in phases)) {
    const length = phases[name];
    if (name === 'fork') append({ type: 'start', ...levels[isFirst ? 'base' : 'resident'] });
    const duration_ms = length * (0.8 + Math.random() * 0.4);
    if (Number(every)) await pause(duration_ms);
    append({ type: 'phase', name, started, duration_ms });
    started += duration_ms + 0.2;
  }
  append({ type: 'status', state: 'running', reason: '', max_steps: steps });
  append({
    type: 'notice',
    level: 'warning',
    message: 'flash-attention is not installed; using SDPA. About 8 % slower.'
  });
  const modules = ['hooks.py', 'lib/losses.py'].map((path, at) => ({
    path,
    sha256: hash(at ? 'b4' : 'a1').slice(0, 64)
  }));
  append({ type: 'modules', modules });
  if (words.includes('edited')) {
    const message = 'hooks.py was not the file that was sent: it was changed while it was read.';
    append({ type: 'notice', level: 'warning', message });
  }
  const lines = Number(/lines-(\d+)/.exec(rest)?.[1] ?? 0);
  for (let from = 1; from <= lines; from += 1000) {
    output(Array.from({ length: 1000 }, (_, at) => `line ${from + at} of many\n`).join(''));
    if (from % 100_001 === 0) await pause(0);
  }
  output('\x1b[1;34mLoading\x1b[0m \x1b[32mmodels/tiny-llama\x1b[0m <b>not bold</b> \x1b]0;title\x07done\n');
  for (let step = 1; step <= steps && !isOver(); step += 1) {
    append({ type: 'metric', step, values: valuesAt(step, steps) });
    output(`\r${Math.round((100 * step) / steps)}%|${'█'.repeat((20 * step) / steps)}| ${step}/${steps}`, 0, 'stderr');
    if (step % 2 === 0) output(lineAt(step, steps));
    if (step % 7 === 0) output(`step ${step}  waiting for all-reduce 0.4 ms\n`, 1);
    if (step % Math.ceil(steps / 5) === 0) milestone(step, steps, append);
    if (fails && step > steps / 2) return fail(append, output, step);
    if (Number(every) || step % 500 === 0) await pause(Number(every));
  }
  output('\n', 0, 'stderr');
  if (!isOver()) append({ type: 'status', state: 'done', reason: '' });
};

const waitForSeats = async (append, isOver) => {
  for (const position of [3, 2, 1]) {
    const reason = 'Waits for 2 CPUs on local: docstrings-full and 1 other run have them.';
    if (!isOver()) append({ type: 'status', state: 'pending', reason, queue: { position, length: 4 } });
    for (let left = 20; left && !isOver(); left -= 1) await pause(200);
  }
};

const lossAt = (step, steps) => 1.7 + 2.3 * Math.exp((-4 * step) / steps);
const valuesAt = (step, steps) => {
  const noise = () => (Math.random() - 0.5) * 0.2;
  const values = {
    loss: step === 17 ? null : lossAt(step, steps) + noise(),
    learning_rate: 2e-4 * Math.min(step / 10, 1 - step / (steps + 1)),
    grad_norm: 0.7 + noise() + 3 / step,
    tokens_per_second: step % 91 === 0 ? 8200 : 12400 * (1 + noise() / 4),
    step_seconds: 0.41 + noise() / 20,
    memory_bytes: 6.1e8 + Math.min(step, 30) * 4e5,
    epoch: step / 100
  };
  return step % 20 === 0 ? { ...values, eval_loss: lossAt(step, steps) + 0.15 } : values;
};
const lineAt = (step, steps) => `step ${step}  loss ${lossAt(step, steps).toFixed(3)}  lr 1.9e-04  grad 0.71  0.41 s\n`;

const milestone = (step, steps, append) => {
  const prompts = ['def add(a, b):\n    """', 'json.dumps('];
  const words = ['the', 'Return the sum', 'Return the sum of a and b.', 'Return the sum of a and b.\n    """'];
  for (const name of prompts) {
    append({ type: 'artifact', kind: 'sample', name, step, text: words[Math.min(3, Math.floor((4 * step) / steps))] });
  }
  append({
    type: 'checkpoint',
    step,
    path: `checkpoint-${step}`,
    size_bytes: 25_600_000 + step,
    final: step === steps
  });
};

const fail = (append, output, step) => {
  output('Traceback (most recent call last):\n  File "hooks.py", line 12, in weighted_loss\n', 0, 'stderr');
  output('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n', 0, 'stderr');
  const reason = `Out of memory at step ${step} on GPU 0. Lower per_device_train_batch_size or set gradient_checkpointing.`;
  append({ type: 'status', state: 'failed', reason, exit_code: 1 });
};

/** What a profile of five steps leaves in the log. */
export const recordTrace = (step, append) => {
  const name = `steps-${step + 1}-${step + 5}`;
  for (const rank of [0, 1]) {
    const path = `traces/${name}.rank${rank}.json.gz`;
    append({ type: 'trace', name, rank, first_step: step + 1, last_step: step + 5, path, size_bytes: 652_488 });
  }
  append({ type: 'artifact', kind: 'table', name, step: step + 5, text: process.env.STAND_IN_TABLE ?? '' });
};
