import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentAddress } from '@bottega/schema';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasEnded } from '../followed-run.js';
import { connect } from './connect.js';
import type { LocalClient } from './local-client.js';

const LOCAL = 'provider: local\nname: local\n';
let home: string;
const clients: LocalClient[] = [];

const open = async (options: Parameters<typeof connect>[0] = {}): Promise<LocalClient> => {
  const client = await connect({ home, ...options });
  clients.push(client);
  return client;
};
const address = (): AgentAddress => JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8')) as AgentAddress;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bottega-client-'));
  vi.stubEnv('BOTTEGA_AGENT_MAIN', fileURLToPath(new URL('../../../stand-in/agent.mjs', import.meta.url)));
});

afterEach(() => {
  clients.splice(0).forEach(client => client.dispose());
  try {
    process.kill(address().pid);
  } catch {
    // The test ended it, or none was started.
  }
  rmSync(home, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

test('an agent is started when there is none, and shared when there is one', async () => {
  const [first, second] = [await open(), await open()];
  expect((await first.info()).pid).toBe((await second.info()).pid);
  expect(statSync(join(home, 'agent.json')).mode & 0o777).toBe(0o600);
});

test('without start, a missing agent is an error that says where it looked', async () => {
  await expect(open({ start: false })).rejects.toMatchObject({
    code: 'agent_unreachable',
    message: `No agent runs for ${home}.`
  });
});

test('an agent that does not come up is an error with the end of its output', async () => {
  vi.stubEnv('STAND_IN_FAILS', '1');
  await expect(open()).rejects.toMatchObject({
    code: 'agent_unreachable',
    details: expect.stringContaining('told to fail') as string
  });
});

test('an agent of another API version is refused', async () => {
  vi.stubEnv('STAND_IN_API_VERSION', '42');
  await expect(open()).rejects.toMatchObject({ code: 'version_mismatch' });
});

test('an agent that was killed is back with the next request', async () => {
  const client = await open();
  const { pid } = await client.info();
  process.kill(pid, 'SIGKILL');
  // The connection of the first request is still open on this side.
  expect((await client.info()).pid).not.toBe(pid);
});

test('a cluster is waited for, and a wait that is too long says so', async () => {
  const client = await open();
  await client.up(LOCAL);
  const seen: string[] = [];
  await client.whenReady('local', { onChange: cluster => seen.push(cluster.state) });
  expect(seen.at(-1)).toBe('ready');
  await expect(client.whenReady('elsewhere', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
});

test('a run from an object is shown, followed and finished', async () => {
  const shown: [string, unknown][] = [];
  const client = await open({ display: { raw: (mime, data) => shown.push([mime, data]) } });
  await client.up(LOCAL);
  const run = await client.run({ config: { kind: 'script', command: 'echo' }, name: '<script>' });
  expect(shown.map(([mime]) => mime)).toEqual(['application/vnd.bottega.run+json', 'text/html']);
  expect(shown[0]?.[1]).toMatchObject({ version: 1, id: run.id, run: { id: run.id } });
  expect(shown[1]?.[1]).toContain('&lt;script&gt;');
  expect((await run.finished()).state).toBe('done');
  const events = [];
  for await (const event of run.events()) events.push(event.seq);
  expect(events).toEqual(events.map((_, index) => index + 1));
  expect(hasEnded((await client.run(run.id)).state)).toBe(true);
});

test('waiting for a run can be given up', async () => {
  const client = await open();
  await client.up(LOCAL);
  const run = await client.run({ config: 'kind: script\ncommand: forever\n' });
  await expect(run.finished(AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await run.stop()).state).toBe('stopped');
});

test('without a ready cluster the error says how to get one', async () => {
  const client = await open();
  await expect(client.run({ config: 'kind: script' })).rejects.toMatchObject({ code: 'cluster_not_ready' });
});

test('a file comes as a stream, whole or in part', async () => {
  const client = await open();
  const whole = await client.file('any-run', 'zeros-3000000');
  expect((await whole.arrayBuffer()).byteLength).toBe(3_000_000);
  const part = await client.file('any-run', 'zeros-3000000', { headers: { Range: 'bytes=10-19' } });
  expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
});
