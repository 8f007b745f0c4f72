// A run that looks like training, for people who build panels: `# rehearse <steps> [every <ms>] [fail]` in the config.
import { setTimeout as pause } from 'node:timers/promises';

const phases = { sync: 12, seats: 6, fork: 14, imports: 17, model: 92, data: 31, first_step: 141 };

/** Plays the run through `append`; ends early when `isOver` says so. */
export const rehearse = async (config, append, isOver) => {
  const [, count = '40', every = '50', fails] = /# rehearse (\d+)(?: every (\d+))?( fail)?/.exec(config) ?? [];
  const steps = Number(count);
  const output = (text, rank = 0, stream = 'stdout') => append({ type: 'output', rank, stream, text });
  append({ type: 'status', state: 'starting', reason: '' });
  let started = Date.now();
  for (const [name, length] of Object.entries(phases)) {
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
