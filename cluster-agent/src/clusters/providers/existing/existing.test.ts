import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExistingProvider } from './index.js';

const TOKEN = 'right-token';
let folder: string;
let server: Server;
let address: string;
let rayVersion: string;

/** Answers as the Ray Dashboard does with token auth: 401 without a token, 403 with a wrong one. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'existing-'));
  rayVersion = '2.60.0';
  server = createServer((request, response) => {
    const { authorization } = request.headers;
    response.statusCode = authorization === undefined ? 401 : authorization === `Bearer ${TOKEN}` ? 200 : 403;
    response.end(JSON.stringify({ ray_version: rayVersion, session_name: 'session_1' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const tokenFile = (text: string, mode = 0o600): string => {
  const path = join(folder, 'token');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const up = (more: object = {}): Promise<unknown> =>
  new ExistingProvider({ provider: 'existing', name: 'far', address, engine_port: 0, ...more }).up(
    () => undefined,
    new AbortController().signal
  );

test('the right token finds the head', async () => {
  const head = { dashboard: address, token: TOKEN, session: 'session_1', rayVersion: '2.60.0' };
  expect(await up({ token_file: tokenFile(`${TOKEN}\n`) })).toEqual(head);
});

test.each([
  ['a wrong token', () => ({ token_file: tokenFile('wrong') }), 'does not accept this token'],
  ['no token', () => ({}), 'wants a token'],
  ['a token file that others can read', () => ({ token_file: tokenFile(TOKEN, 0o644) }), 'Other people'],
  ['a token file that is not there', () => ({ token_file: '/nowhere/token' }), 'cannot be read'],
  ['a relative token file', () => ({ token_file: 'token' }), 'absolute'],
  ['an empty token file', () => ({ token_file: tokenFile('\n') }), 'does not hold a token']
])('%s is said at once', async (_what, more, says) => {
  const started = performance.now();
  await expect(up(more())).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringContaining(says) as string
  });
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('a Ray that is too old is said with its version', async () => {
  rayVersion = '2.9.3';
  await expect(up({ token_file: tokenFile(TOKEN) })).rejects.toMatchObject({
    code: 'version_mismatch',
    message: expect.stringContaining('Ray 2.9.3') as string
  });
});

test('a cluster that does not answer may come back', async () => {
  const provider = new ExistingProvider({ provider: 'existing', name: 'far', address, engine_port: 0 });
  server.close();
  server.closeAllConnections();
  const found = await provider.observe(new AbortController().signal);
  expect(found.is).toBe('unreachable');
});
