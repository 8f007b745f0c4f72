import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentAddress, Cluster, EventPage, Run, RunEvent } from '@bottega/schema';
import { hasEnded } from '@bottega/schema';
import { expect, vi } from 'vitest';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const python = join(repository, '.venv/bin/python');

/** The agent as a process of its own, as people have it, with a home and a project folder of its own. */
export class AgentProcess {
  readonly scratch = mkdtempSync(join(tmpdir(), 'bottega-'));
  readonly home = join(this.scratch, 'home');
  readonly project = join(this.scratch, 'project');
  process: ChildProcess | null = null;

  constructor() {
    mkdirSync(this.project);
  }

  /** As it was built last. */
  spawn(environment: NodeJS.ProcessEnv = {}): ChildProcess {
    const main = join(repository, 'cluster-agent/lib/main.js');
    const env = { ...process.env, BOTTEGA_HOME: this.home, BOTTEGA_PYTHON: python, ...environment };
    return spawn(process.execPath, [main, '--home', this.home], { stdio: 'ignore', env });
  }

  async start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    this.process = this.spawn(environment);
    const answers = () => this.call('GET', '/v1/info').catch(() => null);
    await vi.waitUntil(answers, { timeout: 20_000, interval: 100 });
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (!this.process) return;
    const ended = once(this.process, 'exit');
    this.process.kill(signal);
    await ended;
    this.process = null;
  }

  /** Takes everything away, also when a test left it half done. */
  async end(): Promise<void> {
    if (!this.process) await this.start();
    for (const { name, state } of await this.clusters()) {
      if (state === 'stopped' || state === 'failed') continue;
      await this.call('POST', `/v1/clusters/${name}/stop`);
      await this.untilCluster(name, ['stopped', 'failed']);
    }
    await this.kill('SIGTERM');
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  get address(): AgentAddress {
    return JSON.parse(readFileSync(join(this.home, 'agent.json'), 'utf8')) as AgentAddress;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.raw(method, path, body);
    if (status >= 300) throw Object.assign(new Error(text), { body: JSON.parse(text) as unknown });
    return (text ? JSON.parse(text) : undefined) as T;
  }

  raw(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const socketPath = join(this.home, 'agent.sock');
      const asked = request({ socketPath, path, method, headers, agent: false }, answer => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  clusters(): Promise<Cluster[]> {
    return this.call('GET', '/v1/clusters');
  }

  async untilCluster(name: string, states: Cluster['state'][], timeout = 220_000): Promise<Cluster> {
    const look = async () => {
      const found = (await this.clusters()).find(each => each.name === name);
      // A failure says more than a time that ran out.
      if (found?.state === 'failed' && !states.includes('failed')) throw new Error(JSON.stringify(found.error));
      return found && states.includes(found.state) ? found : null;
    };
    return (await vi.waitUntil(look, { timeout, interval: 200 }))!;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text);
  }

  submit(id: string, config: string, more: object = {}): Promise<Run> {
    return this.call('POST', '/v1/runs', { id, config, folder: this.project, cluster: 'local', ...more });
  }

  run(id: string): Promise<Run> {
    return this.call('GET', `/v1/runs/${id}`);
  }

  async untilEnded(id: string, timeout = 60_000): Promise<Run> {
    return (await vi.waitUntil(async () => ended(await this.run(id)), { timeout, interval: 200 }))!;
  }

  /** Every event there is; fails when a number is missing or there twice. */
  async events(id: string): Promise<RunEvent[]> {
    const seen: RunEvent[] = [];
    for (;;) {
      const page = await this.call<EventPage>('GET', `/v1/runs/${id}/events?from=${seen.length + 1}&limit=500`);
      seen.push(...page.events);
      if (seen.length >= page.last_seq) break;
    }
    expect(seen.map(event => event.seq)).toEqual(seen.map((_, index) => index + 1));
    return seen;
  }
}

const ended = (run: Run): Run | null => (hasEnded(run.state) ? run : null);

export const outputOf = (events: RunEvent[]): string =>
  events.flatMap(event => (event.type === 'output' ? [event.text] : [])).join('');
