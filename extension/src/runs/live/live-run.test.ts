import type { RunEvent } from '@bottega/schema';
import { BottegaError } from '@bottega/client';
import { expect, test } from 'vitest';
import { EventLog, recordOf } from './events.fixture.js';
import { trans } from '../../state/translation.fixture.js';
import { LiveRun, type RunSource } from './live-run.js';

/** A source over a log, in batches of three; remembers from where it was followed. */
const sourceOf = (log: EventLog, record = recordOf()) => {
  const followedFrom: number[] = [];
  const listeners = new Set<(events: RunEvent[], lastSeq: number) => void>();
  const follow = (_id: string, from: number, onEvents: (events: RunEvent[], lastSeq: number) => void) => {
    followedFrom.push(from);
    listeners.add(onEvents);
    for (let at = from; at <= log.events.length; at += 3) onEvents(log.from(at, 3), log.events.length);
    return { dispose: () => listeners.delete(onEvents) };
  };
  const source = {
    run: async () => record,
    lines: async () => ({ lines: [], total: 0 }),
    stream: () => ({ follow })
  } as unknown as RunSource;
  return { source, followedFrom, listeners };
};

const someLog = (): EventLog =>
  new EventLog()
    .add('phase', { name: 'sync', started: 0, duration_ms: 12 })
    .add('status', { state: 'running', reason: '', max_steps: 20 })
    .output('step 1\n')
    .add('metric', { step: 1, values: { loss: 3, step_seconds: 0.4 } })
    .add('artifact', { kind: 'sample', name: 'def', step: 1, text: ' f():' })
    .add('artifact', { kind: 'table', name: 'steps-1-2', text: 'aten::mm' })
    .add('trace', { name: 'steps-1-2', rank: 0, first_step: 1, last_step: 2, path: 't', size_bytes: 9 })
    .add('checkpoint', { step: 1, path: 'checkpoint-1', size_bytes: 5, final: false })
    .add('metric', { step: 2, values: { loss: null, grad_norm: 1 } })
    .add('status', { state: 'failed', reason: 'Out of memory.' });

test('the view of a run is a fold over its log', async () => {
  const { source } = sourceOf(someLog());
  const run = new LiveRun('run-one', source, trans);
  run.hold();
  await expect.poll(() => run.run).not.toBeNull();
  expect(run.run).toMatchObject({
    state: 'failed',
    reason: 'Out of memory.',
    step: 2,
    max_steps: 20,
    loss: null,
    started: 2,
    ended: 10
  });
  expect([...run.metrics.keys()]).toEqual(['loss', 'step_seconds', 'grad_norm']);
  expect([run.phases, run.traces, run.checkpoints, run.artifacts, run.samples.all].map(each => each.length)).toEqual([
    1, 1, 1, 1, 1
  ]);
  expect(run.isBehind).toBe(false);
});

test('who lets go and comes back continues from the last number, and misses nothing', () => {
  const log = someLog();
  const { source, followedFrom, listeners } = sourceOf(log);
  const run = new LiveRun('run-one', source, trans);
  const [first, second] = [run.hold(), run.hold()];
  first.dispose();
  first.dispose();
  expect(listeners.size).toBe(1);
  second.dispose();
  expect(listeners.size).toBe(0);
  log.output('late\n');
  run.hold();
  expect(followedFrom).toEqual([1, 11]);
  expect(run.lastSeq).toBe(11);
});

test('events that come twice count once', () => {
  const log = someLog();
  const run = new LiveRun('run-one', sourceOf(log).source, trans);
  run.receive(log.events, 10);
  run.receive(log.events, 10);
  expect(run.log.lineCount).toBe(1);
  expect(run.metrics.get('loss')?.length).toBe(2);
});

test('while it reads the past it shows the record, not yesterday', () => {
  const run = new LiveRun('run-one', sourceOf(someLog()).source, trans);
  run.put(recordOf({ state: 'done', step: 2, last_seq: 10 }));
  run.receive(someLog().from(1, 3), 10);
  expect([run.run?.state, run.isBehind]).toEqual(['done', true]);
});

test('a record tells why a run waits before it has a log', () => {
  const run = new LiveRun('run-one', sourceOf(new EventLog()).source, trans);
  run.put(recordOf({ reason: 'Waits for cluster local.' }));
  expect(run.run?.reason).toBe('Waits for cluster local.');
});

test('a run that is gone says so', async () => {
  const { source } = sourceOf(new EventLog());
  const gone = new BottegaError({ code: 'not_found', message: 'There is no run run-one.' });
  const run = new LiveRun('run-one', { ...source, run: () => Promise.reject(gone) }, trans);
  run.hold();
  await expect.poll(() => run.error?.message).toBe('There is no run run-one.');
});

test('a run that is deleted while it is shown says so and keeps what was read', async () => {
  const { source, listeners } = sourceOf(someLog());
  const run = new LiveRun('run-one', source, trans);
  run.hold();
  await expect.poll(() => run.run).not.toBeNull();
  run.remove();
  expect([run.isDeleted, run.run?.state, listeners.size]).toEqual([true, 'failed', 0]);
  expect(run.error?.message).toContain('deleted');
});

test('a run that is followed before the agent has it is followed when it has', async () => {
  const absent = { code: 'not_found', message: 'There is no run run-one.' } as const;
  for (const isRecordFirst of [false, true]) {
    const log = someLog();
    const { source, followedFrom } = sourceOf(log);
    let refuse = (): void => undefined;
    const early = {
      run: () => Promise.reject(new BottegaError(absent)),
      stream: () => ({
        follow: (...args: Parameters<ReturnType<RunSource['stream']>['follow']>) => {
          if (refuse === settled) return source.stream().follow(...args);
          refuse = () => args[3]?.(absent);
          return { dispose: () => undefined };
        }
      })
    } as unknown as RunSource;
    const settled = (): void => undefined;
    const run = new LiveRun('run-one', early, trans);
    run.hold();
    const say = refuse;
    refuse = settled;
    for (const step of isRecordFirst ? [() => run.put(recordOf()), say] : [say, () => run.put(recordOf())]) step();
    expect(followedFrom).toEqual([1]);
    expect(run.lastSeq).toBe(10);
    expect(run.error).toBeNull();
  }
});
