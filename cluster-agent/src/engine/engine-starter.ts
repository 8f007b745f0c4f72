import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BottegaError } from '../errors/index.js';
import type { Head, JobState, RayDashboard } from '../ray/index.js';
import { engineFailure } from './engine-failure.js';
import { packEngine } from './engine-package.js';
import { forgetEngine, loadEngine, saveEngine, type EngineState } from './engine-state.js';
import { Engine } from './engine.js';
import { readyLineOf } from './ready-line.js';

const READY_TIMEOUT_MS = 120_000;
const ASK_EVERY_MS = 200;
/** A port that a firewall holds back never answers, however long one waits. */
const REACH_TIMEOUT_MS = 10_000;

export interface EngineStart {
  cluster: string;
  /** The agent's folder of this cluster. */
  folder: string;
  head: Head;
  dashboard: RayDashboard;
  /** What the provider adds to the engine's environment. */
  environment: Record<string, string>;
  signal: AbortSignal;
}

/** Where the engine of a cluster comes from. */
export interface EngineStarter {
  /** The engine that runs there already, or null. */
  find(start: EngineStart): Promise<Engine | null>;
  /** Throws engine_failed, version_mismatch, unauthorized and whatever keeps Ray from answering. */
  start(start: EngineStart): Promise<Engine>;
  /** Ends the engine; its runs end with it. */
  stop(start: EngineStop): Promise<void>;
  /** The end of what the engine has printed; empty when nobody can say. */
  log(start: Pick<EngineStart, 'folder' | 'dashboard'>): Promise<string>;
}

export type EngineStop = Pick<EngineStart, 'folder' | 'head' | 'dashboard'>;

export interface RayJobStarterOptions {
  /** Folders of the Python packages that make the engine. */
  packages: string[];
  /** What engines are told of the agent's own environment: see engineSettings. */
  settings: Record<string, string>;
}

/** What a person sets for the engines of all clusters, where they start the agent. */
const SETTINGS = ['BOTTEGA_RESIDENT_MEMORY', 'BOTTEGA_RESIDENT_MINUTES'];

export const engineSettings = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(SETTINGS.flatMap(name => (environment[name] ? [[name, environment[name]]] : [])));

/** The engine as a Ray job on the head. */
export class RayJobStarter implements EngineStarter {
  constructor(private readonly options: RayJobStarterOptions) {}

  async find(start: EngineStart): Promise<Engine | null> {
    const state = loadEngine(start.folder);
    if (!state || state.session !== start.head.session) return null;
    return this.connect(start, state);
  }

  async start(start: EngineStart): Promise<Engine> {
    const { dashboard, signal, head } = start;
    // Packed anew each time: during development the engine changes under a running agent.
    const { name, bytes } = packEngine(this.options.packages);
    if (!(await dashboard.hasPackage(name, signal))) await dashboard.putPackage(name, bytes, signal);
    const token = randomBytes(32).toString('hex');
    const submission = `bottega-engine-${randomBytes(6).toString('hex')}`;
    const state = { submission, token, session: head.session };
    // Written first: an agent that dies here leaves an engine that its successor finds.
    saveEngine(start.folder, state);
    await dashboard.submitJob(jobOf(start, state, name, this.options.settings), signal);
    const engine = await this.connect(start, state);
    if (engine) return engine;
    throw engineFailure(await dashboard.job(submission, signal), await dashboard.jobLog(submission, signal));
  }

  async stop(start: EngineStop): Promise<void> {
    const state = loadEngine(start.folder);
    if (state?.session === start.head.session) await start.dashboard.stopJob(state.submission);
    forgetEngine(start.folder);
  }

  async log(start: Pick<EngineStart, 'folder' | 'dashboard'>): Promise<string> {
    const state = loadEngine(start.folder);
    if (!state) return '';
    return (await start.dashboard.jobLog(state.submission).catch(() => '')).slice(-6_000);
  }

  /** Waits for the engine to say where it is and to answer there. Null when its process has ended. */
  private async connect(start: EngineStart, known: EngineState): Promise<Engine | null> {
    const state = known.origin === undefined ? await this.waitForReadyLine(start, known) : known;
    if (state?.origin === undefined || state.incarnation === undefined) return null;
    const { origin, incarnation, token } = state;
    const engine = new Engine({ origin, incarnation, token });
    try {
      if (await this.answers(engine, start, state)) return engine;
      engine.dispose();
      return null;
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  private async waitForReadyLine(start: EngineStart, state: EngineState): Promise<EngineState | null> {
    const { dashboard, signal, head } = start;
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      const job = await dashboard.job(state.submission, signal);
      if (!isAlive(job)) return null;
      const log = await dashboard.jobLog(state.submission, signal);
      const line = readyLineOf(log);
      if (line) {
        const origin = `http://${new URL(head.dashboard).hostname}:${line.port}`;
        const ready = { ...state, origin, incarnation: line.incarnation };
        saveEngine(start.folder, ready);
        return ready;
      }
      if (Date.now() > deadline) {
        throw new BottegaError('timeout', `The engine did not start within ${READY_TIMEOUT_MS / 1000} seconds.`, {
          details: `${log.slice(-6_000)}\n${job.message}`.trim()
        });
      }
      await delay(ASK_EVERY_MS, undefined, { signal });
    }
  }

  /** False when the engine's process has ended. What the engine refuses is thrown at once. */
  private async answers(engine: Engine, start: EngineStart, state: EngineState): Promise<boolean> {
    const deadline = Date.now() + REACH_TIMEOUT_MS;
    for (;;) {
      try {
        await engine.info(start.signal);
        return true;
      } catch (error) {
        if (!isSilence(error)) throw error;
        if (!isAlive(await start.dashboard.job(state.submission, start.signal))) return false;
        if (Date.now() > deadline) throw unreachable(state, error, await this.log(start));
      }
      await delay(ASK_EVERY_MS, undefined, { signal: start.signal });
    }
  }
}

const isAlive = (job: JobState | null): job is JobState => job?.status === 'RUNNING' || job?.status === 'PENDING';

const isSilence = (error: unknown): boolean =>
  error instanceof BottegaError && ['cluster_unreachable', 'timeout'].includes(error.code);

const unreachable = ({ origin = '' }: EngineState, cause: unknown, details: string): BottegaError =>
  new BottegaError('engine_failed', `The engine runs, but its address ${origin} does not answer.`, {
    hint: 'Let this machine reach that port; engine_port in the cluster spec says which one the engine opens.',
    ...{ cause, details }
  });

const jobOf = (
  start: EngineStart,
  state: EngineState,
  packageName: string,
  settings: Record<string, string>
): object => ({
  entrypoint: 'python -m bottega_engine.service',
  submission_id: state.submission,
  metadata: { bottega_cluster: start.cluster },
  runtime_env: {
    working_dir: `gcs://${packageName}`,
    env_vars: {
      ...settings,
      BOTTEGA_CLUSTER: start.cluster,
      BOTTEGA_ENGINE_TOKEN_SHA256: createHash('sha256').update(state.token).digest('hex'),
      ...start.environment
    }
  }
});
