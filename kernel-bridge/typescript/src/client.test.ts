import { ENGINE_ANSWER_S } from '@bottega/schema/timeouts';
import { API_VERSION } from '@bottega/schema/version';
import { afterEach, expect, test, vi } from 'vitest';
import { Client } from './client.js';
import { newRunId } from './run-id.js';

const clientOf = (answer: (path: string, init: RequestInit) => Response): Client =>
  new Client({
    fetch: (path, init = {}) => Promise.resolve().then(() => answer(path, init)),
    openSocket: () => {
      throw new Error('not used');
    },
    url: path => `/base${path}`
  });

test('an error of the agent keeps its code, hint and problems', async () => {
  const body = {
    code: 'invalid_config',
    message: 'One problem.',
    problems: [{ path: '/model', message: 'is missing' }]
  };
  const client = clientOf(() => Response.json(body, { status: 400 }));
  const request = { id: newRunId(), config: '', folder: '/', cluster: 'local' };
  await expect(client.submit(request)).rejects.toMatchObject({
    name: 'BottegaError',
    code: 'invalid_config',
    problems: body.problems
  });
});

test('a login page in between is an error that says to log in', async () => {
  const client = clientOf(() => new Response('<html>', { status: 403 }));
  await expect(client.clusters()).rejects.toMatchObject({ code: 'unauthorized' });
});

test('an agent that does not answer is a typed error', async () => {
  const client = clientOf(() => {
    throw new TypeError('fetch failed');
  });
  await expect(client.runs()).rejects.toMatchObject({ code: 'agent_unreachable' });
});

afterEach(() => {
  vi.useRealTimers();
});

const FOLDERS_S = 10;
const slow: [string, (client: Client) => Promise<unknown>, number][] = [
  ['a stop', client => client.stop('run-one'), ENGINE_ANSWER_S.usual],
  ['a file', client => client.file('run-one', 'a'), ENGINE_ANSWER_S.files],
  ['a trace', client => client.trace('run-one', 'a'), ENGINE_ANSWER_S.files],
  ['storage', client => client.storage(), ENGINE_ANSWER_S.storage],
  ['a clean-up', client => client.cleanup({ dry_run: true }), 2 * ENGINE_ANSWER_S.storage + FOLDERS_S]
];

test.each(slow)('%s is waited for longer than the agent waits for its engine', async (_, ask, engineSeconds) => {
  vi.useFakeTimers();
  const silent = (_path: string, { signal }: RequestInit = {}): Promise<Response> =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  const failed = vi.fn();
  const client = new Client({ ...clientOf(() => Response.json({})).transport, fetch: silent });
  const asked = ask(client).catch(failed);
  await vi.advanceTimersByTimeAsync(engineSeconds * 1_000);
  expect(failed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(600_000);
  await asked;
  expect(failed.mock.calls).toMatchObject([[{ code: 'timeout' }]]);
});

test('an agent of another API version is refused with both versions', async () => {
  const info = { name: 'bottega-agent', version: '9.0.0', api_version: 99, pid: 7, started: 0, home: '/h' };
  const client = clientOf(() => Response.json(info));
  await expect(client.info()).rejects.toMatchObject({
    code: 'version_mismatch',
    message: expect.stringContaining(`version 99 of its API and this client version ${API_VERSION}`) as string
  });
});

test('paths of files and queries are encoded', async () => {
  const paths: string[] = [];
  const client = clientOf(path => {
    paths.push(path);
    return Response.json({ runs: [], next: null });
  });
  await client.file('run-one', 'checkpoint-1/a b#.txt');
  await client.runs({ limit: 5, filter: 'a&b' });
  expect(paths).toEqual(['/v1/runs/run-one/files/checkpoint-1/a%20b%23.txt', '/v1/runs?limit=5&filter=a%26b']);
  expect(client.dashboardUrl('local')).toBe('/base/v1/clusters/local/dashboard/');
});

test('what can be asked of a run reaches its route with a body or a query', async () => {
  const asked: unknown[] = [];
  const client = clientOf((path, { method, body }) => {
    asked.push([method, path, ...(typeof body === 'string' ? [JSON.parse(body)] : [])]);
    return Response.json({});
  });
  await client.change('run-one', { learning_rate: 1e-4, 'samples.prompts': null });
  await client.keep('run-one', true);
  await client.previousStart('run-one');
  await client.lines('run-one', 5, 10);
  await client.search('run-one', { text: 'a&b', regex: true });
  await client.storage();
  await client.cleanup({ dry_run: true, newest: 3 });
  expect(asked).toEqual([
    ['PATCH', '/v1/runs/run-one/config', { values: { learning_rate: 1e-4, 'samples.prompts': null } }],
    ['POST', '/v1/runs/run-one/keep', { is_kept: true }],
    ['GET', '/v1/runs/run-one/previous'],
    ['GET', '/v1/runs/run-one/lines?from=5&limit=10'],
    ['GET', '/v1/runs/run-one/search?text=a%26b&regex=true'],
    ['GET', '/v1/storage'],
    ['POST', '/v1/cleanup', { dry_run: true, newest: 3 }]
  ]);
});

test('run ids fit the pattern of the schema and differ', () => {
  const ids = Array.from({ length: 100 }, newRunId);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9-]{5,63}$/);
  expect(new Set(ids).size).toBe(100);
});
