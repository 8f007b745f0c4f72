import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home, HomeLock, removeAddress, writeAddress } from './index.js';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'home-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const mode = (path: string): number => statSync(path).mode & 0o777;

test('a home that was open to others is closed', () => {
  chmodSync(scratch, 0o755);
  const home = new Home(scratch);
  expect(mode(scratch)).toBe(0o700);
  expect(mode(home.clusterFolder('local'))).toBe(0o700);
});

test('a home with a long path has its socket where the path is short, and alone', () => {
  const home = new Home(join(scratch, 'a'.repeat(100)));
  expect(Buffer.byteLength(home.socket)).toBeLessThanOrEqual(100);
  expect(home.socket).toBe(new Home(home.path).socket);
  expect(mode(join(home.socket, '..'))).toBe(0o700);
  expect(new Home(join(scratch, 'b')).socket).toBe(join(scratch, 'b', 'agent.sock'));
  rmSync(join(home.socket, '..'), { recursive: true });
});

test('one agent holds the lock, and the next one when it lets go', () => {
  const path = join(scratch, 'agent.lock');
  const first = HomeLock.take(path);
  expect(first).not.toBeNull();
  expect(HomeLock.take(path)).toBeNull();
  first?.release();
  const second = HomeLock.take(path);
  expect(second).not.toBeNull();
  second?.release();
});

test('the address is private, and only its own agent takes it away', () => {
  const path = join(scratch, 'agent.json');
  writeAddress(path, { socket: 's', pid: process.pid, version: '1', api_version: 1 });
  expect(mode(path)).toBe(0o600);
  removeAddress(path);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, JSON.stringify({ pid: process.pid + 1 }));
  removeAddress(path);
  expect(readFileSync(path, 'utf8')).toContain('pid');
});
