import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalClusterSpec } from '@bottega/schema';
import { BottegaError } from '../../../errors/index.js';
import { writePrivately } from '../../../home/index.js';
import { RayDashboard, type Head } from '../../../ray/index.js';
import type { Observation, OnPhase, Provider } from '../../provider.js';
import { forgetLocal, loadLocal, saveLocal, type LocalState } from './local-state.js';
import { freePort, requirePort } from './ports.js';
import { endAll, isLiving, livingOf } from './processes.js';
import { LOOPBACK_ONLY, rayStart, requirePython } from './ray-start.js';

const DASHBOARD_TIMEOUT_MS = 60_000;
const ASK_EVERY_MS = 100;
/** The processes without which there is no head. */
const HEAD = ['gcs_server', 'raylet'];
/** The sockets of a session take about 65 more, and a path of a socket has 107 at most. */
const TEMPORARY_BYTES = 40;

export interface LocalOptions {
  spec: LocalClusterSpec;
  /** The agent's folder of this cluster. */
  folder: string;
  python: string;
}

/** A Ray cluster on this machine. It lives on when the agent ends, and is found again by its state file. */
export class LocalProvider implements Provider {
  constructor(private readonly options: LocalOptions) {}

  async up(onPhase: OnPhase, signal: AbortSignal): Promise<Head> {
    const found = await this.observe(signal);
    if (found.is === 'up') return found.head;
    await this.down();
    const { python, spec } = this.options;
    requirePython(python);
    if (spec.dashboard_port !== undefined) await requirePort(spec.dashboard_port);
    try {
      return await this.startHead(onPhase, signal, 'Ray is starting.');
    } catch (error) {
      await this.down();
      if (signal.aborted || !isRace(error)) throw error;
    }
    // Between finding a port free and Ray opening it, another program took it: once more, with others.
    try {
      return await this.startHead(onPhase, signal, 'Ray did not start, and is tried once more.');
    } catch (error) {
      await this.down();
      throw error;
    }
  }

  async down(): Promise<void> {
    const state = loadLocal(this.options.folder);
    if (!state) return;
    await endAll(state);
    // Ray's logs and spilled objects may be many files on a disk that is busy.
    await rm(dirname(state.temporary), { recursive: true, force: true });
    forgetLocal(this.options.folder);
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    const state = loadLocal(this.options.folder);
    if (!state) return { is: 'gone', reason: 'It was not started.' };
    if (!state.head.length) return { is: 'gone', reason: 'It did not finish starting.' };
    const dead = state.head.find(each => !isLiving(each));
    if (dead) return { is: 'gone', reason: `The head of the cluster died (${dead.name} is gone).` };
    try {
      return { is: 'up', head: await this.ask(state, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { is: 'unreachable', reason: `The Ray Dashboard does not answer: ${(error as Error).message}` };
    }
  }

  engineEnvironment(): Record<string, string> {
    const data = join(this.options.folder, 'engine');
    mkdirSync(data, { recursive: true, mode: 0o700 });
    return { ...LOOPBACK_ONLY, BOTTEGA_ENGINE_HOST: '127.0.0.1', BOTTEGA_ENGINE_PORT: '0', BOTTEGA_ENGINE_DATA: data };
  }

  private get tokenFile(): string {
    return join(this.options.folder, 'ray-token');
  }

  private async startHead(onPhase: OnPhase, signal: AbortSignal, waitsFor: string): Promise<Head> {
    const { python, spec, folder } = this.options;
    writePrivately(this.tokenFile, randomBytes(32).toString('hex'));
    const dashboardPort = spec.dashboard_port ?? (await freePort());
    const mark = randomBytes(16).toString('hex');
    const state: LocalState = {
      mark,
      session: null,
      processes: [],
      head: [],
      temporary: temporaryFolder(),
      dashboardPort
    };
    saveLocal(folder, state);
    onPhase('ray', waitsFor);
    const onSession = (session: number): void => {
      state.session = session;
      saveLocal(folder, state);
    };
    await rayStart({
      ...{ python, spec, mark, dashboardPort, onSession, signal },
      temporary: state.temporary,
      tokenFile: this.tokenFile,
      logFile: join(folder, 'ray-start.log'),
      clientPort: await freePort()
    });
    const living = await livingOf(state);
    state.processes = living.map(({ pid, start }) => ({ pid, start }));
    state.head = HEAD.flatMap(wanted => living.filter(({ name }) => name === wanted).slice(0, 1));
    saveLocal(folder, state);
    onPhase('dashboard', 'Waiting for the Ray Dashboard.');
    return this.dashboardOf(state, signal);
  }

  private async dashboardOf(state: LocalState, signal: AbortSignal): Promise<Head> {
    const deadline = Date.now() + DASHBOARD_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.ask(state, signal);
      } catch (error) {
        const isStarting = error instanceof BottegaError && error.code === 'cluster_unreachable';
        if (!isStarting) throw error;
        if (Date.now() > deadline || state.head.length < HEAD.length || !state.head.every(isLiving)) {
          throw new BottegaError('cluster_start_failed', 'The Ray Dashboard did not come up.', {
            cause: error,
            details: dashboardLog(state)
          });
        }
      }
      await delay(ASK_EVERY_MS, undefined, { signal });
    }
  }

  private async ask(state: LocalState, signal: AbortSignal): Promise<Head> {
    const address = `http://127.0.0.1:${state.dashboardPort}`;
    const token = readFileSync(this.tokenFile, 'utf8');
    const dashboard = new RayDashboard(address, token);
    try {
      return { dashboard: address, token, ...(await dashboard.version(signal)) };
    } finally {
      dashboard.dispose();
    }
  }
}

/** A start that fails within a port race ends at once, or leaves a dashboard that is not ours. */
const isRace = (error: unknown): boolean =>
  error instanceof BottegaError && ['cluster_start_failed', 'unauthorized'].includes(error.code);

/** Ray makes its folders open to everybody; the parent keeps them to ourselves. */
const temporaryFolder = (): string => {
  const shortest = [tmpdir(), '/tmp'].find(each => each.length + '/bottega-123456/ray'.length <= TEMPORARY_BYTES);
  const parent = mkdtempSync(join(shortest ?? '/tmp', 'bottega-'));
  chmodSync(parent, 0o700);
  return join(parent, 'ray');
};

const dashboardLog = ({ temporary }: LocalState): string => {
  const logs = join(temporary, 'session_latest', 'logs');
  const tails = ['dashboard.log', 'dashboard.err', 'gcs_server.err'].flatMap(name => {
    try {
      return [`${name}:\n${readFileSync(join(logs, name), 'utf8').slice(-2_000)}`];
    } catch {
      return [];
    }
  });
  return tails.join('\n');
};
