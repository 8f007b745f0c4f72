import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, StreamMessage } from '@bottega/schema';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Changes } from '../changes/index.js';
import { Ledger } from '../ledger/index.js';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { Stream } from './stream.js';
import type { Peer } from './subscriber.js';

const ID = 'run-000001';
let folder: string;
let ledger: Ledger;
let changes: Changes;
let stream: Stream;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stream-'));
  ledger = new Ledger(join(folder, 'ledger.db'), applyEvent);
  changes = new Changes();
  stream = new Stream({ ledger, changes, clusters: () => [], heartbeatMs: 20 });
});
afterEach(() => {
  vi.useRealTimers();
  stream.dispose();
  ledger.close();
  rmSync(folder, { recursive: true });
});

/** The other end of a WebSocket whose reader takes what was sent only when it reads. */
class SlowPeer implements Peer {
  bufferedAmount = 0;
  largestBuffer = 0;
  lastSent = '';
  readonly read: StreamMessage[] = [];
  private readonly underway: { text: string; done: () => void }[] = [];
  private readonly listeners = new Map<string, (data: unknown) => void>();

  send(data: string | Buffer, _: unknown, done: () => void): void {
    const text = String(data);
    this.underway.push({ text, done });
    this.lastSent = text;
    this.bufferedAmount += text.length;
    this.largestBuffer = Math.max(this.largestBuffer, this.bufferedAmount);
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
  }

  /** Reads some of the messages on their way. */
  take(count = 1): void {
    for (const { text, done } of this.underway.splice(0, count)) {
      this.bufferedAmount -= text.length;
      this.read.push(JSON.parse(text) as StreamMessage);
      done();
    }
  }

  takeAll(): void {
    while (this.underway.length) this.take();
  }

  on(event: string, listener: (data?: unknown) => void): void {
    this.listeners.set(event, listener);
  }

  say(message: unknown): void {
    this.listeners.get('message')?.(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
  }

  terminate(): void {
    this.listeners.get('close')?.(undefined);
  }

  events(): number[] {
    return this.read.flatMap(message => (message.type === 'events' ? message.events.map(event => event.seq) : []));
  }
}

const attach = (): SlowPeer => {
  const peer = new SlowPeer();
  stream.attach(peer);
  return peer;
};
/** When everyone has been told what changed until now. */
const nextRound = async (): Promise<void> => {
  const peer = attach();
  peer.say({ type: 'follow_ledger' });
  changes.tell({ type: 'cluster_deleted', name: 'nobody' });
  await expect.poll(() => (peer.takeAll(), peer.read.some(message => message.type === 'cluster_deleted'))).toBe(true);
  peer.terminate();
};
const add = (id: string, events: RunEvent[]): void => {
  for (const run of ledger.appendEvents([id, events])) changes.tell({ type: 'run', run });
};
const append = (count: number, text = 'line\n', id = ID): void => {
  const first = ledger.run(id).last_seq + 1;
  const events = Array.from({ length: count }, (_, index): RunEvent => {
    return { seq: first + index, time: index, type: 'output', rank: 0, stream: 'stdout', text };
  });
  add(id, events);
};
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('whoever reads at whatever pace gets every event once, in order, from the number it asked for', () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ does: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) })
  );
  let number = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 30 }), (from, steps) => {
      const id = `run-${String((number += 1)).padStart(8, '0')}`;
      ledger.addRun(newRun(id), '');
      append(40, 'early\n', id);
      const peer = attach();
      peer.say({ type: 'follow', run: id, from });
      for (const { does, count } of steps) {
        if (does === 'append') append(count, 'x'.repeat(5_000), id);
        else peer.take(count);
      }
      peer.takeAll();
      expect(peer.events()).toEqual(numbers(from, ledger.run(id).last_seq));
      expect(peer.largestBuffer).toBeLessThan(2 * 1024 * 1024);
      peer.terminate();
    }),
    { numRuns: 25 }
  );
});

test('a reader that sleeps holds at most two pages, and finds everything when it wakes', () => {
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1 });
  for (let batch = 0; batch < 100; batch++) append(100, 'x'.repeat(1_000));
  expect(peer.largestBuffer).toBeLessThan(2 * 1024 * 1024);
  peer.takeAll();
  expect(peer.events()).toEqual(numbers(1, 10_000));
});

test('a run that talks a lot does not keep others from being heard', () => {
  ledger.addRun(newRun(), '');
  ledger.addRun(newRun('run-quiet1'), '');
  append(5_000, 'x'.repeat(1_000));
  append(1, 'quiet\n', 'run-quiet1');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1 });
  peer.say({ type: 'follow', run: 'run-quiet1', from: 1 });
  for (let count = 0; count < 4; count++) peer.take();
  expect(peer.read.some(message => message.type === 'events' && message.run === 'run-quiet1')).toBe(true);
});

test('after unfollow nothing more comes', () => {
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1 });
  append(1);
  peer.say({ type: 'unfollow', run: ID });
  append(1);
  peer.takeAll();
  expect(peer.events()).toEqual([1]);
});

test('a run that is not there, and a request that is none, are errors of the stream', () => {
  const peer = attach();
  peer.say({ type: 'follow', run: 'run-nobody', from: 1 });
  peer.say({ type: 'folow' });
  peer.say('{');
  peer.takeAll();
  expect(peer.read).toMatchObject([
    { type: 'error', run: 'run-nobody', error: { code: 'not_found' } },
    { type: 'error', error: { code: 'invalid_request' } },
    { type: 'error', error: { code: 'invalid_request' } }
  ]);
});

test('the ledger comes whole and then as it changes, with many changes of a record as one', async () => {
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow_ledger' });
  peer.takeAll();
  expect(peer.read).toMatchObject([{ type: 'ledger', runs: [{ id: ID }] }]);
  for (let count = 0; count < 20; count++) append(1);
  const told = () => {
    peer.takeAll();
    return peer.read.filter(message => message.type === 'run');
  };
  await expect.poll(told).toMatchObject([{ run: { last_seq: 20 } }]);
  changes.tell({ type: 'run_deleted', id: ID });
  await expect.poll(() => (peer.takeAll(), peer.read)).toContainEqual({ type: 'run_deleted', id: ID });
});

test('a follower that sleeps through many changes holds few of them, and gets the ledger anew when it wakes', async () => {
  const peer = attach();
  peer.say({ type: 'follow_ledger' });
  for (let number = 0; number < 2_000; number++) {
    const id = `run-${String(number).padStart(6, '0')}`;
    const run = ledger.addRun({ ...newRun(id), created: number, config: 'x'.repeat(2_000) }, '');
    changes.tell({ type: 'run', run });
    if (number % 100 === 0) await nextRound();
  }
  await nextRound();
  expect(peer.largestBuffer).toBeLessThan(2 * 1024 * 1024);
  peer.takeAll();
  const last = peer.read.filter(message => message.type === 'ledger').at(-1);
  expect(last).toMatchObject({ runs: expect.arrayContaining([expect.objectContaining({ id: 'run-001999' })]) });
  expect(peer.read.length).toBeLessThan(1_000);
});

test('the first message of the ledger stays small, and is made once for all who come at the same time', () => {
  for (let number = 0; number < 300; number++) {
    const run = newRun(`run-${String(number).padStart(6, '0')}`);
    ledger.addRun({ ...run, created: number, config: 'x'.repeat(20_000) }, '');
  }
  const peers = Array.from({ length: 3 }, () => attach());
  for (const peer of peers) peer.say({ type: 'follow_ledger' });
  for (const peer of peers) expect(peer.largestBuffer).toBeLessThan(300 * 1024);
  expect(new Set(peers.map(peer => peer.lastSent)).size).toBe(1);
});

test('every subscriber hears a heartbeat', async () => {
  const peer = attach();
  await expect.poll(() => (peer.takeAll(), peer.read[0]?.type)).toBe('heartbeat');
});

/** The next round of the tails, in a test that has them under its control. */
const tailRound = (): void => void vi.advanceTimersByTime(1_000);
const controlRounds = (): void => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

const tailOf = (peer: SlowPeer) =>
  peer.read.flatMap(message => (message.type === 'events' && message.output === 'tail' ? [message] : []));
const metric = (id = ID): void => {
  const seq = ledger.run(id).last_seq + 1;
  add(id, [{ seq, time: 0, type: 'metric', step: 1, values: {} }]);
};

test('a tail has the last thousand lines, every number that is no output, and the line where it begins', () => {
  ledger.addRun(newRun(), '');
  for (let round = 0; round < 10; round += 1) {
    append(50, 'a line\n'.repeat(10));
    metric();
  }
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1, output: 'tail' });
  peer.say({ type: 'follow', run: ID, from: 505 });
  peer.takeAll();
  const messages = tailOf(peer);
  const events = messages.flatMap(message => message.events);
  expect(events.filter(event => event.type === 'metric')).toHaveLength(10);
  const output = events.filter(event => event.type === 'output');
  expect(output[0]?.seq).toBe(409);
  expect(messages[0]?.line).toBe(4001);
  expect(output.map(event => event.seq)).toEqual(numbers(409, 510).filter(seq => seq % 51));
  expect(peer.read.filter(message => message.type === 'events' && !message.output)).toMatchObject([
    { events: numbers(505, 510).map(seq => ({ seq })) }
  ]);
  append(1, 'new\n');
  peer.takeAll();
  expect(tailOf(peer).at(-1)).toMatchObject({ line: 5001, events: [{ seq: 511 }] });
  peer.say({ type: 'unfollow', run: ID, output: 'tail' });
  append(1, 'newer\n');
  const count = tailOf(peer).length;
  peer.takeAll();
  expect(tailOf(peer)).toHaveLength(count);
});

test('a tail that reads slowly in a flood leaves out output alone, goes on in order, and says with which line', () => {
  controlRounds();
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1, output: 'tail' });
  for (let batch = 0; batch < 200; batch += 1) {
    append(10, `${'x'.repeat(999)}\n`.repeat(10));
    metric();
    tailRound();
    if (batch % 50 === 0) peer.take();
  }
  expect(peer.largestBuffer).toBeLessThan(2 * 1024 * 1024);
  peer.takeAll();
  const events = tailOf(peer).flatMap(message => message.events);
  const seqs = events.map(event => event.seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  expect(events.filter(event => event.type === 'metric')).toHaveLength(200);
  expect(events.length).toBeLessThan(1_500);
  expect(seqs.at(-1)).toBe(2_200);
  for (const { events: page, line } of tailOf(peer)) {
    const first = page.find(event => event.type === 'output');
    // 100 lines in each batch of eleven events.
    if (first) expect(line).toBe(Math.floor((first.seq - 1) / 11) * 100 + ((first.seq - 1) % 11) * 10 + 1);
    const outputs = page.filter(event => event.type === 'output').map(event => event.seq);
    expect(outputs).toEqual(numbers(outputs[0] ?? 1, outputs.at(-1) ?? 0).filter(seq => seq % 11));
  }
});

test('fifty who follow the same place share what is read and made', () => {
  ledger.addRun(newRun(), '');
  const peers = Array.from({ length: 50 }, () => attach());
  for (const peer of peers) peer.say({ type: 'follow', run: ID, from: 1 });
  const sent = new Set<Buffer>();
  for (const peer of peers) {
    const { send } = peer;
    peer.send = (data, options, done) => {
      sent.add(data as Buffer);
      send.call(peer, data, options, done);
    };
  }
  append(3);
  append(3);
  expect(sent.size).toBe(2);
  for (const peer of peers) {
    peer.takeAll();
    expect(peer.events()).toEqual(numbers(1, 6));
  }
});

test('a tail that reads a flood at once gets the last lines of it, and every number that is no output', () => {
  controlRounds();
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1, output: 'tail' });
  for (let batch = 0; batch < 20; batch += 1) {
    append(40, 'a line\n'.repeat(100));
    metric();
    tailRound();
    peer.takeAll();
  }
  // It begins with a thousand lines.
  for (const { events, line } of tailOf(peer).slice(1)) {
    const outputs = events.filter(event => event.type === 'output');
    expect(outputs.length).toBeLessThanOrEqual(6);
    const first = outputs[0]?.seq ?? 0;
    if (outputs.length) expect(line).toBe((first - Math.ceil(first / 41)) * 100 + 1);
  }
  const events = tailOf(peer).flatMap(message => message.events);
  expect(events.filter(event => event.type === 'metric')).toHaveLength(20);
  expect(events.at(-1)?.seq).toBe(820);
});

test('a tail hears at once after a quiet moment, and in rounds while the run goes on', () => {
  controlRounds();
  ledger.addRun(newRun(), '');
  const peer = attach();
  peer.say({ type: 'follow', run: ID, from: 1, output: 'tail' });
  const heard = (): number => (peer.takeAll(), tailOf(peer).length);
  append(1);
  expect(heard()).toBe(1);
  for (let count = 0; count < 100; count += 1) {
    append(1);
    vi.advanceTimersByTime(10);
  }
  expect(heard()).toBeGreaterThan(3);
  expect(heard()).toBeLessThan(10);
  tailRound();
  const before = heard();
  expect(peer.events()).toEqual(numbers(1, 101));
  append(1);
  expect(heard()).toBe(before + 1);
});
