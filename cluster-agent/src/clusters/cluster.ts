import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster as ClusterRecord, ClusterState, ErrorBody, NodeResources } from '@bottega/schema';
import { asBottegaError, BottegaError } from '../errors/index.js';
import type { Engine } from '../engine/index.js';
import type { Log } from '../log/index.js';
import type { Head } from '../ray/index.js';
import type { EngineSeat } from './engine-seat.js';
import type { Provider } from './provider.js';
import type { EngineSession, RunKeeper } from './run-keeper.js';
import { canBecome } from './states.js';
import { StartPhases } from './start-phases.js';

const RECONNECT_MS = 200;
const LOOK_EVERY_MS = 3_000;
const LOST_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000];

export interface ClusterOptions {
  record: ClusterRecord;
  provider: Provider;
  seat: EngineSeat;
  keeper: RunKeeper;
  /** Hears every change of the record. */
  onChange(record: ClusterRecord): void;
  log: Log;
}

/**
 * One cluster: its state, and the one life it leads at a time. A life begins with `start` or `resume`, ends by itself
 * in `failed`, or is ended by `stop`; what is asked for meanwhile waits in a queue.
 */
export class Cluster {
  /** The head, while one is known to be there. */
  head: Head | null = null;
  /** The engine, while it takes runs. */
  session: EngineSession | null = null;
  private current: ClusterRecord;
  private readonly phases: StartPhases;
  private life: AbortController | null = null;
  private queue: Promise<void> = Promise.resolve();

  constructor(private readonly options: ClusterOptions) {
    this.current = { ...options.record };
    this.phases = new StartPhases(options.record.phases, phases => this.change({ phases }));
  }

  get record(): ClusterRecord {
    const heard = this.session?.link.lastHeard ?? this.current.observed;
    return { ...this.current, observed: Math.max(heard, this.current.observed) };
  }

  /** Brings the cluster up. The caller has seen that it is stopped or failed. */
  start(reason = 'The cluster is starting.'): void {
    this.phases.clear();
    this.become('starting', reason, { nodes: [] });
    this.live('start');
  }

  /** Goes on after a new start of the agent, from the state that the agent before left. */
  resume(): void {
    const { state } = this.current;
    if (state === 'starting') this.live('start');
    else if (state === 'ready' || state === 'lost') this.live('find');
    else if (state === 'stopping') this.enqueue(() => this.end('Stopped.'));
  }

  /** Ends the cluster; returns at once. */
  stop(reason = 'Stopped by you.'): void {
    const { state } = this.current;
    if (state === 'stopped' || state === 'stopping') return;
    this.become('stopping', reason);
    const { life } = this;
    const runsEnded = this.session ? this.options.keeper.stopAll(this.current.name) : Promise.resolve();
    // The connection stays until the runs have told how they ended.
    void runsEnded.finally(() => life?.abort(new Error('The cluster is stopped.')));
    this.enqueue(() => this.end(reason));
  }

  /** Lets go of the cluster and leaves it as it is, for the next agent. */
  async leave(): Promise<void> {
    this.life?.abort(new Error('The agent ends.'));
    await this.queue;
  }

  private live(begin: 'start' | 'find'): void {
    const life = (this.life = new AbortController());
    this.enqueue(async () => {
      try {
        await this.serve(begin, life.signal);
      } catch (error) {
        if (life.signal.aborted || this.current.state === 'stopping') return;
        await this.fail(error);
      }
    });
  }

  /** From a head to an engine to a connection, and back to wherever one of these broke. Ends only by an error. */
  private async serve(begin: 'start' | 'find', signal: AbortSignal): Promise<never> {
    const { provider, seat } = this.options;
    let head =
      begin === 'start'
        ? await provider.up((phase, waitsFor) => this.enterPhase(phase, waitsFor), signal)
        : await this.findHead(signal);
    for (;;) {
      this.headIs(head);
      const engine = (await seat.find(head, signal)) ?? (await this.startEngine(head, signal));
      try {
        await this.use(engine, signal);
      } finally {
        engine.dispose();
      }
      this.options.log.info({ cluster: this.current.name }, 'the connection to the engine ended');
      await delay(RECONNECT_MS * (0.5 + Math.random()), undefined, { signal });
      head = await this.findHead(signal);
    }
  }

  /** Returns when the connection to the engine is over. */
  private async use(engine: Engine, signal: AbortSignal): Promise<void> {
    const link = await this.options.seat.connect(engine, nodes => this.nodesAre(nodes, signal), signal);
    if (!link) return;
    const session = { engine, link };
    const watch = setInterval(() => this.lookAtHead(signal), LOOK_EVERY_MS);
    try {
      await this.untilZygote(session, signal);
      if (link.isOpen) this.ready(session);
      await link.untilClosed(signal);
    } finally {
      clearInterval(watch);
      this.session = null;
      this.options.keeper.engineGone(this.current.name);
      link.dispose();
    }
  }

  private nodesAre(nodes: NodeResources[], signal: AbortSignal): void {
    this.change({ nodes });
    if (this.session && !nodes.some(node => node.zygote === 'ready')) this.lookAtHead(signal);
  }

  /** An engine outlives a dead head by minutes, so it is not left to the engine to notice. */
  private lookAtHead(signal: AbortSignal): void {
    const { session, head } = this;
    this.options.provider.observe(signal).then(
      found => {
        const isAnother = found.is === 'up' && found.head.session !== head?.session;
        if (found.is === 'gone' || isAnother) session?.link.dispose();
      },
      // Aborted, because the cluster stops or the agent ends.
      () => undefined
    );
  }

  /** The head that was there before, waiting for it while it does not answer. Throws when it is gone. */
  private async findHead(signal: AbortSignal): Promise<Head> {
    for (let attempt = 0; ; attempt++) {
      const found = await this.options.provider.observe(signal);
      if (found.is === 'up') return found.head;
      if (found.is === 'gone') {
        this.head = null;
        throw new BottegaError('cluster_unreachable', found.reason, { hint: 'Start it again.' });
      }
      if (this.current.state !== 'lost') this.become('lost', found.reason);
      const pause = LOST_DELAYS_MS[Math.min(attempt, LOST_DELAYS_MS.length - 1)] ?? 0;
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }

  private startEngine(head: Head, signal: AbortSignal): Promise<Engine> {
    const { seat } = this.options;
    const isAgain = this.current.state !== 'starting';
    if (isAgain) this.become('starting', 'The engine ended.');
    this.enterPhase('engine', isAgain ? 'The engine ended; it is being started again.' : 'The engine is starting.');
    return seat.start(head, signal);
  }

  private async untilZygote(session: EngineSession, signal: AbortSignal): Promise<void> {
    const info = await session.engine.info(signal);
    this.change({ nodes: info.nodes, ray_version: info.ray_version, engine_version: info.version });
    if (this.current.state === 'starting') this.enterPhase('zygote', 'Python libraries are being imported.');
    await this.options.seat.zygoteReady(session, () => this.current.nodes, signal);
  }

  private ready(session: EngineSession): void {
    this.phases.end();
    this.session = session;
    if (this.current.state !== 'ready') this.become('ready', '');
    this.options.keeper.engineReady(this.current.name, session);
  }

  private headIs(head: Head): void {
    this.head = head;
    this.change({ ray_version: head.rayVersion, incarnation: head.session, observed: Date.now() });
  }

  private async fail(error: unknown): Promise<void> {
    const { log, keeper } = this.options;
    const { name } = this.current;
    log.warn({ cluster: name, err: error }, 'cluster failed');
    const known = asBottegaError(error);
    this.phases.end();
    // Half a cluster is of no use: it would hold ports and memory, and the next start would find a broken engine.
    await this.clear().catch((err: unknown) => log.error({ cluster: name, err }, 'clearing failed'));
    this.become('failed', known.message, { error: known.toBody(), nodes: [] });
    await keeper.clusterEnded(name, 'failed', known.message);
  }

  private async end(reason: string): Promise<void> {
    const { keeper } = this.options;
    const { name } = this.current;
    try {
      await this.clear();
      this.phases.end();
      this.become('stopped', reason, { nodes: [] });
      await keeper.clusterEnded(name, 'stopped', 'The cluster was stopped.');
    } catch (error) {
      await this.fail(error);
    }
  }

  /** Ends the engine, and the head if it is ours. */
  private async clear(): Promise<void> {
    const { provider, seat, log } = this.options;
    const { head } = this;
    this.head = null;
    // A head that does not answer cannot be asked; the local provider ends all of it in any case.
    if (head) await seat.stop(head).catch((err: unknown) => log.warn({ cluster: this.current.name, err }, 'engine'));
    await provider.down();
  }

  private enterPhase(name: string, waitsFor: string): void {
    this.phases.enter(name);
    this.change({ reason: waitsFor });
  }

  private enqueue(work: () => Promise<void>): void {
    const { log } = this.options;
    this.queue = this.queue
      .then(work)
      .catch((err: unknown) => log.error({ cluster: this.current.name, err }, 'cluster'));
  }

  /** The one place where the state changes. */
  private become(state: ClusterState, reason: string, more: Partial<ClusterRecord> & { error?: ErrorBody } = {}): void {
    const from = this.current.state;
    if (!canBecome(from, state)) throw new BottegaError('internal', `A ${from} cluster cannot become ${state}.`);
    this.options.log.info({ cluster: this.current.name, from, state, reason }, 'cluster state');
    // An error belongs to the state that it led to.
    delete this.current.error;
    this.change({ state, reason, since: Date.now(), observed: Date.now(), ...more });
  }

  private change(change: Partial<ClusterRecord>): void {
    this.current = { ...this.current, ...change };
    this.options.onChange(this.current);
  }
}
