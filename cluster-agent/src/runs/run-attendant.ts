import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  hasEnded,
  type Cluster,
  type ErrorBody,
  type Run,
  type RunConfig,
  type RunEvent,
  type RunState
} from '@bottega/schema';
import type { Changes } from '../changes/index.js';
import type { EngineSession, RunKeeper } from '../clusters/index.js';
import { asBottegaError, BottegaError } from '../errors/index.js';
import type { Ledger, OwnEvent } from '../ledger/index.js';
import type { Log } from '../log/index.js';
import { RunMirror } from '../mirror/index.js';
import type { Snapshot, Sync } from '../sync/index.js';
import { branchOf } from './branch.js';
import { dispatch } from './dispatch.js';

const STOP_ALL_GRACE_S = 2;
const STOP_ALL_TIMEOUT_MS = 4_000;
const ASKED_AT_ONCE = 8;
const CLOSED_AT_ONCE = 50;

export interface RunAttendantOptions {
  ledger: Ledger;
  changes: Changes;
  sync: Sync;
  log: Log;
}

interface Attended {
  session: EngineSession;
  mirror: RunMirror;
  /** Ends what goes on with this engine when the connection is over. */
  life: AbortController;
}

interface Dispatching {
  abort: AbortController;
  isSent: boolean;
  done: Promise<void>;
}

/** Looks after the active runs of all clusters: brings pending ones to their engine and follows the others. */
export class RunAttendant implements RunKeeper {
  private readonly attended = new Map<string, Attended>();
  private readonly dispatching = new Map<string, Dispatching>();

  constructor(private readonly options: RunAttendantOptions) {}

  engineReady(cluster: string, session: EngineSession): void {
    const { ledger, log } = this.options;
    const mirror = new RunMirror({ ledger, log, onRun: run => this.tell(run) }, session.link);
    const attended = { session, mirror, life: new AbortController() };
    this.attended.set(cluster, attended);
    this.reconcile(cluster, attended).catch((err: unknown) => {
      if (attended.life.signal.aborted) return;
      // The engine does not answer: the connection breaks as well, and the next one begins here again.
      log.warn({ cluster, err }, 'runs could not be compared with the engine');
      session.link.dispose();
    });
  }

  engineGone(cluster: string): void {
    const attended = this.attended.get(cluster);
    if (!attended) return;
    this.attended.delete(cluster);
    attended.mirror.dispose();
    attended.life.abort(new Error('The connection to the engine is over.'));
  }

  onEvents(cluster: string, run: string, events: RunEvent[]): void {
    this.attended.get(cluster)?.mirror.receive(run, events);
  }

  onRunError(cluster: string, run: string, error: ErrorBody): void {
    this.options.log.warn({ cluster, run, error }, 'the engine refused to tell about a run');
    if (error.code === 'not_found') this.close(run, 'lost', 'The engine does not know this run any more.');
  }

  async clusterEnded(cluster: string, state: 'stopped' | 'failed', reason: string): Promise<void> {
    for (const [index, { id, tree }] of this.options.ledger.activeRuns(cluster).entries()) {
      if (tree === null) this.close(id, state, `The run had not begun. ${reason}`);
      else this.close(id, 'lost', reason);
      // There may be thousands, and the agent is to answer meanwhile.
      if ((index + 1) % CLOSED_AT_ONCE === 0) await nextTurn();
    }
  }

  /** Ends what the agent before left open although its cluster had ended. */
  async closeOrphans(clusters: Cluster[]): Promise<void> {
    const alive = new Set(clusters.filter(isAlive).map(({ name }) => name));
    const wanted = new Set(this.options.ledger.activeRuns().map(({ cluster }) => cluster));
    for (const name of wanted) {
      if (!alive.has(name)) await this.clusterEnded(name, 'failed', `The cluster ${name} is not there.`);
    }
  }

  async stopAll(cluster: string): Promise<void> {
    const attended = this.attended.get(cluster);
    if (!attended) return;
    const { ledger, log } = this.options;
    const active = ledger.activeRuns(cluster);
    const ended = this.untilEnded(active);
    void aFewAtOnce(active, attended.life.signal, async run => {
      await this.stop(run, STOP_ALL_GRACE_S).catch((err: unknown) => {
        log.warn({ run: run.id, err }, 'a run could not be stopped with its cluster');
      });
    });
    await ended;
  }

  activeRuns(cluster: string): number {
    return this.options.ledger.countActive(cluster);
  }

  /** Brings a pending run to the engine of its cluster, if it is there; at most once at a time. */
  send(run: Run, scanned?: { snapshot: Snapshot; started: number }): void {
    const attended = this.attended.get(run.cluster);
    if (!attended || this.dispatching.has(run.id)) return;
    const abort = new AbortController();
    const entry: Dispatching = { abort, isSent: false, done: Promise.resolve() };
    this.dispatching.set(run.id, entry);
    entry.done = this.bring(run, attended, entry, scanned).finally(() => {
      this.dispatching.delete(run.id);
      this.bringToNext(run, attended);
    });
  }

  /** Asks a run to end, also one that is still pending. Throws what keeps the engine from doing so. */
  async stop(run: Run, graceSeconds: number): Promise<void> {
    const entry = this.dispatching.get(run.id);
    if (entry && !entry.isSent) entry.abort.abort(new Error('The run is stopped.'));
    await entry?.done;
    const { tree, state } = this.options.ledger.run(run.id);
    if (hasEnded(state)) return;
    const engine = this.attended.get(run.cluster)?.session.engine;
    if (tree === null) return this.close(run.id, 'stopped', 'Stopped by you before it began.');
    if (!engine) throw unreachable(run);
    await engine.stop(run.id, graceSeconds);
  }

  /** Forgets a run that is over, here and on its cluster; a cluster that is away hears of it when it is back. */
  async delete(run: Run): Promise<void> {
    this.forget(run);
    const attended = this.attended.get(run.cluster);
    if (attended) await this.deleteThere(run.cluster, run.id, attended);
  }

  /** The part of it that is done here. */
  forget(run: { id: string; cluster: string }): void {
    this.options.ledger.deleteRun(run.cluster, run.id);
    this.options.changes.tell({ type: 'run_deleted', id: run.id });
  }

  /** Tells the clusters that are there which runs are deleted. */
  async tellDeletions(clusters: string[]): Promise<void> {
    for (const cluster of clusters) {
      const attended = this.attended.get(cluster);
      if (attended) await this.deleteAllThere(cluster, attended);
    }
  }

  private async bring(
    run: Run,
    { session, mirror, life }: Attended,
    entry: Dispatching,
    scanned?: { snapshot: Snapshot; started: number }
  ): Promise<void> {
    const signal = AbortSignal.any([life.signal, entry.abort.signal]);
    const onSending = (tree: string, config: RunConfig): void => {
      // What it extends may have been edited since it was submitted.
      const branch = branchOf(config, run, this.options.ledger);
      entry.isSent = true;
      this.tell(this.options.ledger.updateRun(run.id, { tree, branch_of: branch, reason: '' }));
    };
    try {
      await dispatch({ run, engine: session.engine, sync: this.options.sync, scanned, onSending, signal });
      mirror.follow(this.options.ledger.run(run.id));
    } catch (error) {
      // Stopped by the person, or waiting for the next connection.
      if (signal.aborted) return;
      this.options.log.warn({ run: run.id, err: error }, 'a run was refused');
      this.refuse(run.id, error);
    }
  }

  /** A connection that came while a run was still on its way over the one before has passed it over. */
  private bringToNext({ id, cluster }: Run, before: Attended): void {
    const attended = this.attended.get(cluster);
    if (!attended || attended === before) return;
    const run = this.options.ledger.activeRuns(cluster).find(each => each.id === id);
    if (run?.last_seq === 0) this.send(run);
  }

  /** After every connection: the engine knows a run, or gets it now, or the run is lost. */
  private async reconcile(cluster: string, attended: Attended): Promise<void> {
    const { ledger } = this.options;
    const { engine } = attended.session;
    // The engine may have thousands of runs that ended long ago: it is asked only about those that have not.
    for (const { id, last_seq: lastSeq } of ledger.activeRuns(cluster)) {
      if (this.dispatching.has(id)) continue;
      const isKnown = await engine.knows(id, attended.life.signal);
      const run = ledger.findRun(id);
      if (!run || hasEnded(run.state)) continue;
      if (isKnown) attended.mirror.follow(run);
      else if (lastSeq === 0) this.send(run);
      else this.close(id, 'lost', 'The engine that ran it is gone, and so is what it knew.');
    }
    await this.deleteAllThere(cluster, attended);
  }

  private async deleteAllThere(cluster: string, attended: Attended): Promise<void> {
    const waiting = this.options.ledger.deletions(cluster);
    await aFewAtOnce(waiting, attended.life.signal, id => this.deleteThere(cluster, id, attended));
  }

  private async deleteThere(cluster: string, id: string, { session }: Attended): Promise<void> {
    try {
      await session.engine.delete(id);
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      // What it does not have need not be deleted; what does not arrive is tried again at the next connection.
      if (error.code !== 'not_found') return;
    }
    this.options.ledger.removeDeletion(cluster, id);
  }

  private refuse(id: string, error: unknown): void {
    const known = asBottegaError(error);
    const { details } = known;
    const message = known.hint === undefined ? known.message : `${known.message} ${known.hint}`;
    if (details !== undefined) this.append(id, { type: 'notice', level: 'error', message, details });
    this.close(id, 'failed', message);
  }

  /** Writes the end of a run whose engine will not say anything more. */
  private close(id: string, state: RunState, reason: string): void {
    const run = this.options.ledger.findRun(id);
    if (!run || hasEnded(run.state)) return;
    this.append(id, { type: 'status', state, reason });
  }

  private append(id: string, event: OwnEvent): void {
    this.tell(this.options.ledger.appendOwn(id, event));
  }

  private async untilEnded(runs: Run[]): Promise<void> {
    const open = new Set(runs.map(({ id }) => id));
    if (!open.size) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(() => end(), STOP_ALL_TIMEOUT_MS);
      const unlisten = this.options.changes.listen(change => {
        if (change.type === 'run' && hasEnded(change.run.state)) open.delete(change.run.id);
        if (!open.size) end();
      });
      const end = (): void => {
        clearTimeout(timer);
        unlisten();
        resolve();
      };
    });
  }

  private tell(run: Run): void {
    this.options.changes.tell({ type: 'run', run });
  }
}

/** Works on all of them, until the signal is aborted. */
const aFewAtOnce = async <T>(all: T[], signal: AbortSignal, work: (one: T) => Promise<void>): Promise<void> => {
  const left = all.values();
  const next = async (): Promise<void> => {
    for (const one of left) {
      if (signal.aborted) return;
      await work(one);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, next));
};

const isAlive = ({ state }: Cluster): boolean => ['starting', 'ready', 'lost', 'stopping'].includes(state);

const unreachable = (run: Run): BottegaError =>
  new BottegaError('cluster_unreachable', `The cluster ${run.cluster} does not answer now, so the run goes on.`, {
    hint: 'Try again when the cluster is ready.'
  });
