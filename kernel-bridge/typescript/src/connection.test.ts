import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from './connection.js';
import type { WebSocketLike } from './transport.js';

class Socket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  isClosed = false;
  send(): void {}
  close(): void {
    this.isClosed = true;
  }
}

let sockets: Socket[] = [];
const connect = (): Connection => {
  const connection = new Connection(
    () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket;
    },
    { onOpen: () => undefined, onMessage: () => undefined, onState: () => undefined }
  );
  connection.acquire();
  return connection;
};
const latest = (): Socket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('no socket was opened');
  return socket;
};

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a connection that is silent for 30 seconds is opened again', () => {
  const connection = connect();
  latest().onopen?.({});
  vi.advanceTimersByTime(25_000);
  latest().onmessage?.({ data: '{"type":"heartbeat","time":0}' });
  vi.advanceTimersByTime(29_000);
  expect(sockets).toHaveLength(1);
  vi.advanceTimersByTime(2_000);
  expect(sockets[0]?.isClosed).toBe(true);
  expect(sockets).toHaveLength(2);
  connection.dispose();
});

test('attempts come after 0.2 seconds at first and never more than 5 seconds apart', () => {
  const connection = connect();
  const delays: number[] = [];
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const before = sockets.length;
    const lost = Date.now();
    latest().onclose?.({});
    while (sockets.length === before) vi.advanceTimersByTime(1);
    delays.push(Date.now() - lost);
  }
  expect(delays[0]).toBeLessThanOrEqual(200);
  expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
  expect(delays.at(-1)).toBeGreaterThanOrEqual(2_500);
  connection.dispose();
});

test('a socket that does not open within 10 seconds is given up', () => {
  const connection = connect();
  vi.advanceTimersByTime(10_300);
  expect(sockets[0]?.isClosed).toBe(true);
  expect(sockets.length).toBeGreaterThan(1);
  connection.dispose();
});

test('a page that wakes up after an hour does not wait for the silence to be noticed', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('document', page);
  const connection = connect();
  latest().onopen?.({});
  vi.setSystemTime(Date.now() + 3_600_000);
  page.dispatchEvent(new Event('visibilitychange'));
  vi.advanceTimersByTime(200);
  expect(sockets).toHaveLength(2);
  connection.dispose();
});
