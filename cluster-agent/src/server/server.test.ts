import { statSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AgentAddress, ErrorBody, LinePage } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Workbench } from '../agent.fixture.js';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

test('socket and address are for their owner alone, and gone after an ordered end', async () => {
  const home = join(bench.scratch, 'home');
  for (const name of ['agent.sock', 'agent.json', 'ledger.db', 'agent.lock']) {
    const found = statSync(join(home, name), { throwIfNoEntry: false });
    if (found) expect(found.mode & 0o777).toBe(0o600);
  }
  await Promise.all([bench.agent.stop(), bench.agent.stop()]);
  for (const name of ['agent.sock', 'agent.json']) {
    expect(statSync(join(home, name), { throwIfNoEntry: false })).toBeUndefined();
  }
  await bench.startAgent();
  expect((await bench.call<AgentAddress>('GET', '/v1/info')).body.pid).toBe(process.pid);
});

test('the API describes itself', async () => {
  const { body } = await bench.call<{ openapi: string; paths: Record<string, object> }>('GET', '/openapi.json');
  expect(body.openapi).toMatch(/^3\.1/);
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(['/v1/info', '/v1/clusters', '/v1/runs', '/v1/runs/{id}/events', '/v1/validate'])
  );
});

test.each<[string, string, string, unknown, number]>([
  ['an unknown address', 'GET', '/v1/nothing', undefined, 404],
  ['a body that is not JSON', 'POST', '/v1/runs', undefined, 400],
  ['a body with an unknown key', 'POST', '/v1/clusters', { spec: 'x', more: 1 }, 400],
  ['a wrong id', 'GET', '/v1/runs/X', undefined, 400],
  ['a wrong page', 'GET', '/v1/runs?before=x', undefined, 400],
  ['a page that is too long', 'GET', '/v1/runs?limit=100000', undefined, 400],
  ['lines of a run that is not there', 'GET', '/v1/runs/run-nobody/lines', undefined, 404],
  ['a search in no rank', 'GET', '/v1/runs/run-nobody/search?rank=x', undefined, 400],
  ['a search in a run that is not there', 'GET', '/v1/runs/run-nobody/search?text=a', undefined, 404],
  ['a body that is too large', 'POST', '/v1/clusters', { spec: 'x'.repeat(5_000_000) }, 413]
])('%s is refused in the form of every error', async (_what, method, path, body, status) => {
  const answer = await bench.call<ErrorBody>(method, path, body);
  expect(answer.status).toBe(status);
  expect(answer.body.code).toBe(status === 404 ? 'not_found' : 'invalid_request');
  expect(answer.body.message).toMatch(/\.$/);
});

test('the stream follows a run over a real WebSocket', async () => {
  await bench.up();
  const request = { id: 'run-000001', config: 'kind: script\ncommand: a\n', folder: bench.scratch, cluster: 'local' };
  await bench.call('POST', '/v1/runs', request);
  const socket = new WebSocket(`ws+unix://${bench.scratch}/home/agent.sock:/v1/stream`);
  const messages: { type: string }[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as { type: string }));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'follow', run: 'run-000001', from: 1 }));
  socket.send(JSON.stringify({ type: 'follow_ledger' }));
  await expect.poll(() => messages.map(message => message.type)).toEqual(expect.arrayContaining(['events', 'ledger']));
  socket.close();
});

test('what a run prints is there by lines', async () => {
  await bench.up();
  const request = { id: 'run-000001', config: 'kind: script\ncommand: a\n', folder: bench.scratch, cluster: 'local' };
  await bench.call('POST', '/v1/runs', request);
  await expect.poll(() => bench.engine.submitted.length).toBe(1);
  bench.engine.append('run-000001', { type: 'output', rank: 0, stream: 'stdout', text: 'one\ntwo\nthr' });
  const page = async () => (await bench.call<LinePage>('GET', '/v1/runs/run-000001/lines?from=2&limit=5')).body;
  await expect.poll(page).toMatchObject({ lines: [{ number: 2, text: 'two' }, { text: 'thr' }], total: 3 });
});
