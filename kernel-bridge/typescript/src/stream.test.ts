import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunEvent, StreamRequest } from '@bottega/schema';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { RunStream, type LedgerMessage } from './stream.js';

const outputEvent = (seq: number): RunEvent => ({
  seq,
  time: seq,
  type: 'output',
  rank: 0,
  stream: 'stdout',
  text: ''
});

/** A stream of a log of `length` events that sends pages of `pageSize` and can cut every connection. */
class Peer {
  readonly requests: StreamRequest[] = [];
  connections = 0;
  cutAfterPages = Infinity;
  readonly #http: Server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#http });

  constructor(
    public length: number,
    readonly pageSize = 7
  ) {
    this.#sockets.on('connection', socket => {
      this.connections += 1;
      socket.on('message', data => this.#answer(socket, JSON.parse(String(data)) as StreamRequest));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.#http.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  say(message: object): void {
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify(message));
  }

  close(): void {
    this.cut();
    this.#http.close();
  }

  #answer(socket: WebSocket, request: StreamRequest): void {
    this.requests.push(request);
    if (request.type === 'follow_ledger') socket.send(JSON.stringify({ type: 'ledger', clusters: [], runs: [] }));
    if (request.type !== 'follow') return;
    if (request.run === 'unknown') {
      const error = { code: 'not_found', message: 'There is no run unknown.' };
      socket.send(JSON.stringify({ type: 'error', run: request.run, error }));
      return;
    }
    for (let from = request.from; from <= this.length; from += this.pageSize) {
      if (this.cutAfterPages <= 0) {
        this.cutAfterPages = Infinity;
        socket.terminate();
        return;
      }
      this.cutAfterPages -= 1;
      const last = Math.min(this.length, from + this.pageSize - 1);
      const events = Array.from({ length: last - from + 1 }, (_, index) => outputEvent(from + index));
      socket.send(JSON.stringify({ type: 'events', run: request.run, events, last_seq: this.length }));
    }
  }
}

const open: { dispose(): void }[] = [];
afterEach(() => open.splice(0).forEach(each => each.dispose()));

const start = async (peer: Peer): Promise<RunStream> => {
  const url = await peer.listen();
  const stream = new RunStream({
    fetch: () => Promise.reject(new Error('not used')),
    openSocket: path => new WebSocket(url + path),
    url: path => url + path
  });
  open.push(stream, { dispose: () => peer.close() });
  return stream;
};

const until = (stream: RunStream, run: string, from: number, last: number): Promise<number[]> =>
  new Promise(resolve => {
    const seen: number[] = [];
    const subscription = stream.follow(run, from, events => {
      seen.push(...events.map(event => event.seq));
      if ((seen.at(-1) ?? 0) < last) return;
      subscription.dispose();
      resolve(seen);
    });
  });

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('a listener gets every event from its number on, in order', async () => {
  const stream = await start(new Peer(40));
  expect(await until(stream, 'run-one', 13, 40)).toEqual(numbers(13, 40));
});

test('listeners that start at different places of one run share a connection and miss nothing', async () => {
  const peer = new Peer(60);
  const stream = await start(peer);
  const all = await Promise.all([1, 30, 9, 60].map(from => until(stream, 'run-one', from, 60)));
  expect(all).toEqual([numbers(1, 60), numbers(30, 60), numbers(9, 60), [60]]);
  const late = await until(stream, 'run-one', 5, 60);
  expect(late).toEqual(numbers(5, 60));
  expect(peer.connections).toBe(1);
});

test('whatever breaks the connection and whenever, events come once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
      async (cuts, starts) => {
        const peer = new Peer(50, 5);
        const stream = await start(peer);
        peer.cutAfterPages = cuts.shift() ?? Infinity;
        const watching = stream.watchState(({ isConnected }) => {
          if (!isConnected) peer.cutAfterPages = cuts.shift() ?? Infinity;
        });
        const seen = await Promise.all(starts.map(from => until(stream, 'run-one', from, 50)));
        expect(seen).toEqual(starts.map(from => numbers(from, 50)));
        watching.dispose();
        stream.dispose();
        peer.close();
      }
    ),
    { numRuns: 12 }
  );
});

test('a gap stands for the numbers that are gone', async () => {
  const peer = new Peer(0);
  const stream = await start(peer);
  const seen: number[] = [];
  const subscription = stream.follow('run-one', 1, events => seen.push(...events.map(event => event.seq)));
  open.push(subscription);
  await expect.poll(() => peer.requests.length).toBe(1);
  const gap: RunEvent = { seq: 4, time: 0, type: 'gap', first: 1, last: 4, reason: 'The disk was lost.' };
  peer.say({ type: 'events', run: 'run-one', events: [gap, outputEvent(5)], last_seq: 5 });
  await expect.poll(() => seen).toEqual([4, 5]);
});

test('the ledger comes again after the connection broke', async () => {
  const peer = new Peer(0);
  const stream = await start(peer);
  const heard: LedgerMessage['type'][] = [];
  open.push(stream.followLedger(message => heard.push(message.type)));
  await expect.poll(() => heard).toEqual(['ledger']);
  peer.cut();
  await expect.poll(() => heard, { timeout: 3000 }).toEqual(['ledger', 'ledger']);
});

test('the connection is closed after the last subscriber and opened by the next', async () => {
  const peer = new Peer(3);
  const stream = await start(peer);
  await until(stream, 'run-one', 1, 3);
  await expect.poll(() => stream.state.isConnected, { timeout: 3000 }).toBe(false);
  await until(stream, 'run-one', 1, 3);
  expect(peer.connections).toBe(2);
});

test('who follows a run that does not exist is told so', async () => {
  const stream = await start(new Peer(0));
  const message = await new Promise<string>(resolve => {
    open.push(
      stream.follow(
        'unknown',
        1,
        () => undefined,
        error => resolve(error.message)
      )
    );
  });
  expect(message).toBe('There is no run unknown.');
});

test('a tail may leave numbers out, is told the line where output goes on, and has its own place in a run', async () => {
  const peer = new Peer(0);
  const stream = await start(peer);
  const seen: [number[], number | undefined][] = [];
  const all: number[] = [];
  const note = (events: RunEvent[], _: number, line?: number): void => {
    seen.push([events.map(event => event.seq), line]);
  };
  open.push(stream.follow('run-one', 1, note, undefined, { output: 'tail' }));
  open.push(stream.follow('run-one', 1, events => all.push(...events.map(event => event.seq))));
  await expect.poll(() => peer.requests).toMatchObject([{ output: 'tail' }, { type: 'follow', from: 1 }]);
  const tail = { type: 'events', run: 'run-one', output: 'tail', last_seq: 99 };
  peer.say({ ...tail, events: [outputEvent(40), outputEvent(41)], line: 700 });
  peer.say({ ...tail, events: [outputEvent(41), outputEvent(42)], line: 701 });
  peer.say({ ...tail, events: [outputEvent(80)], line: 900 });
  peer.say({ type: 'events', run: 'run-one', last_seq: 99, events: [outputEvent(1)] });
  await expect.poll(() => all).toEqual([1]);
  expect(seen).toEqual([
    [[40, 41], 700],
    [[42], undefined],
    [[80], 900]
  ]);
  peer.cut();
  await expect.poll(() => peer.requests).toContainEqual({ type: 'follow', run: 'run-one', from: 81, output: 'tail' });
});
