import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventPage, Run } from '@bottega/schema';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Workbench } from '../agent.fixture.js';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const ID = 'run-000001';

describe.skipIf(!isRoot)('while the disk of the home is full', () => {
  let disk: string;
  let bench: Workbench;

  beforeEach(async () => {
    disk = mkdtempSync(join(tmpdir(), 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'none', disk]);
    vi.stubEnv('TMPDIR', disk);
    bench = await Workbench.open();
    await bench.up();
    mkdirSync(join(bench.scratch, 'project'));
    await submit(ID);
    await expect.poll(() => bench.engine.submitted.length).toBe(1);
    await expect.poll(async () => (await bench.run(ID)).last_seq).toBe(1);
    fill();
  });
  afterEach(async () => {
    await bench.close();
    vi.unstubAllEnvs();
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });

  const submit = (id: string) => {
    const request = { id, config: 'kind: script\ncommand: echo\n', cluster: 'local' };
    return bench.call<Run>('POST', '/v1/runs', { ...request, folder: join(bench.scratch, 'project') });
  };
  const filler = (): string => join(disk, 'filler');
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler(), Buffer.alloc(bavail * bsize));
  };
  const print = (count: number): void => {
    const text = `${'x'.repeat(1_000)}\n`;
    const event = { type: 'output', rank: 0, stream: 'stdout', text };
    bench.engine.append(ID, ...Array.from({ length: count }, () => event));
  };

  test('a live run says that its log waits, and has all of it when there is space', async () => {
    print(2_000);
    await expect.poll(async () => (await bench.run(ID)).reason, { timeout: 15_000 }).toContain('no space');
    expect((await submit('run-000002')).body).toMatchObject({ code: 'no_space' });
    rmSync(filler());
    bench.engine.append(ID, { type: 'status', state: 'running', reason: '' });
    await expect.poll(async () => (await bench.run(ID)).last_seq, { timeout: 15_000 }).toBeGreaterThan(100);
    expect((await bench.run(ID)).reason).toBe('');
    const page = await bench.call<EventPage>('GET', `/v1/runs/${ID}/events?from=90&limit=3`);
    expect(page.body.events.map(event => event.seq)).toEqual([90, 91, 92]);
  });

  test('how clusters and runs end is written all the same', async () => {
    print(2_000);
    await expect.poll(async () => (await bench.run(ID)).reason, { timeout: 15_000 }).toContain('no space');
    bench.provider.observation = { is: 'gone', reason: 'It died.' };
    bench.engine.breakConnections();
    expect((await bench.untilCluster('failed')).reason).toBe('It died.');
    expect((await bench.run(ID)).state).toBe('lost');
  });
});
