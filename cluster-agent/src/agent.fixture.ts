import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Run } from '@bottega/schema';
import { expect } from 'vitest';
import { Agent } from './agent.js';
import type { Observation, Provider } from './clusters/index.js';
import type { EngineStart } from './engine/index.js';
import { TestEngine } from './engine/engine.fixture.js';
import { Home } from './home/index.js';
import { openLog } from './log/index.js';
import type { Head } from './ray/index.js';

export const SPEC = 'provider: local\nname: local\n';

/** A head that is nothing but what a test says of it. */
export class TestProvider implements Provider {
  head: Head = { dashboard: 'http://127.0.0.1:9', token: null, session: 'session_1', rayVersion: '2.60.0' };
  observation: Observation | null = null;
  ups = 0;
  downs = 0;
  /** What `up` waits for. */
  comingUp: Promise<void> = Promise.resolve();

  async up(onPhase: (name: 'ray' | 'dashboard', waitsFor: string) => void, signal: AbortSignal): Promise<Head> {
    this.ups += 1;
    onPhase('ray', 'Ray is starting.');
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    await Promise.race([this.comingUp, aborted]);
    onPhase('dashboard', 'Waiting for the Ray Dashboard.');
    return this.head;
  }

  down(): Promise<void> {
    this.downs += 1;
    return Promise.resolve();
  }

  observe(): Promise<Observation> {
    return Promise.resolve(this.observation ?? { is: 'up', head: this.head });
  }

  engineEnvironment(): Record<string, string> {
    return {};
  }
}

/** An agent with everything real but the cluster, in a home of its own. */
export class Workbench {
  readonly scratch = mkdtempSync(join(tmpdir(), 'agent-'));
  readonly provider = new TestProvider();
  engine!: TestEngine;
  /** What happens when the agent looks for an engine, or starts one. */
  engineStarts = 0;
  failStart: Error | null = null;
  agent!: Agent;

  static async open(): Promise<Workbench> {
    const bench = new Workbench();
    bench.engine = await TestEngine.start();
    await bench.startAgent();
    return bench;
  }

  async startAgent(): Promise<void> {
    this.agent = new Agent({
      home: new Home(join(this.scratch, 'home')),
      version: '0.1.0',
      providers: { local: () => this.provider, existing: () => this.provider },
      starter: {
        find: () => Promise.resolve(this.engineStarts ? this.livingEngine() : null),
        start: () => this.startEngine(),
        stop: () => this.stopEngine(),
        log: () => Promise.resolve('')
      },
      log: openLog(join(this.scratch, 'agent.log'))
    });
    await this.agent.start();
  }

  /** A new engine in the place of one that has died. */
  async replaceEngine(incarnation: string): Promise<void> {
    const before = this.engine;
    this.engine = await TestEngine.start(incarnation);
    this.isEngineAlive = false;
    await before.stop();
  }

  async close(): Promise<void> {
    await this.agent.stop();
    await this.engine.stop();
    rmSync(this.scratch, { recursive: true });
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const text = await this.raw(method, path, body);
    return { status: text.status, body: (text.body ? JSON.parse(text.body) : null) as T };
  }

  raw(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {}
  ): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const asked = request(
        {
          // A connection of its own: the agent ends and comes back between requests.
          agent: false,
          socketPath: join(this.scratch, 'home/agent.sock'),
          ...{ path, method, headers: { ...type, ...headers } }
        },
        answer => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers }));
        }
      );
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async cluster(name = 'local'): Promise<Cluster | undefined> {
    return (await this.call<Cluster[]>('GET', '/v1/clusters')).body.find(each => each.name === name);
  }

  async up(): Promise<void> {
    await this.call('POST', '/v1/clusters', { spec: SPEC });
    await this.untilCluster('ready');
  }

  async untilCluster(state: Cluster['state']): Promise<Cluster> {
    await expect.poll(async () => (await this.cluster())?.state, { timeout: 5_000 }).toBe(state);
    return (await this.cluster())!;
  }

  async run(id: string): Promise<Run> {
    return (await this.call<Run>('GET', `/v1/runs/${id}`)).body;
  }

  async untilRun(id: string, state: Run['state']): Promise<Run> {
    await expect.poll(async () => (await this.run(id)).state, { timeout: 5_000 }).toBe(state);
    return this.run(id);
  }

  private isEngineAlive = true;

  private livingEngine() {
    return this.isEngineAlive ? this.engine.client() : null;
  }

  private stopEngine(): Promise<void> {
    this.isEngineAlive = false;
    return Promise.resolve();
  }

  private startEngine(_start?: EngineStart) {
    if (this.failStart) return Promise.reject(this.failStart);
    this.engineStarts += 1;
    this.isEngineAlive = true;
    return Promise.resolve(this.engine.client());
  }
}
