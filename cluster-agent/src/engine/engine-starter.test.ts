import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RayDashboard } from '../ray/index.js';
import { engineSettings, RayJobStarter } from './engine-starter.js';

interface Job {
  runtime_env: { env_vars: Record<string, string> };
}

/** A Ray Dashboard that takes every job and knows none: the engine has ended as soon as it was started. */
const forgetfulDashboard = async (): Promise<{ dashboard: RayDashboard; jobs: Job[] }> => {
  const jobs: Job[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (request.url === '/api/jobs/') jobs.push(JSON.parse(text) as Job);
      response.statusCode = request.method === 'GET' && !request.url?.endsWith('/logs') ? 404 : 200;
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dashboard = new RayDashboard(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, null);
  onTestFinished(() => {
    dashboard.dispose();
    server.close();
  });
  return { dashboard, jobs };
};

test('an engine is told what the agent was told about base models, and nothing else of its environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const engine = join(folder, 'bottega_engine');
  mkdirSync(engine);
  writeFileSync(join(engine, '__init__.py'), '');
  const { dashboard, jobs } = await forgetfulDashboard();
  const settings = engineSettings({
    BOTTEGA_RESIDENT_MEMORY: '0.5',
    BOTTEGA_RESIDENT_MINUTES: '',
    BOTTEGA_HOME: '/home/ada',
    PATH: '/bin'
  });
  const starting = new RayJobStarter({ packages: [engine], settings }).start({
    ...{ cluster: 'local', folder, dashboard, signal: AbortSignal.timeout(10_000) },
    head: { dashboard: dashboard.address, token: null, session: 'session', rayVersion: '2.60.0' },
    environment: { BOTTEGA_ENGINE_PORT: '0' }
  });
  await expect(starting).rejects.toMatchObject({ code: 'engine_failed' });
  expect(jobs).toHaveLength(1);
  expect(jobs[0]?.runtime_env.env_vars).toEqual({
    BOTTEGA_CLUSTER: 'local',
    BOTTEGA_ENGINE_TOKEN_SHA256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    BOTTEGA_ENGINE_PORT: '0',
    BOTTEGA_RESIDENT_MEMORY: '0.5'
  });
});
