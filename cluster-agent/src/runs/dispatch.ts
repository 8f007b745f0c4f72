import { setTimeout as delay } from 'node:timers/promises';
import type { Run, RunConfig } from '@bottega/schema';
import type { Engine } from '../engine/index.js';
import { BottegaError } from '../errors/index.js';
import type { Snapshot, Sync } from '../sync/index.js';
import { requireConfig } from './resolve-config.js';

const ATTEMPTS = 3;
const RETRY_MS = 1_000;

export interface Dispatch {
  run: Run;
  engine: Engine;
  sync: Sync;
  /** The folder as it was looked at a moment ago, and when that began. */
  scanned?: { snapshot: Snapshot; started: number } | undefined;
  /**
   * Called right before the engine hears of the run: from then on only the engine can say how it is. Throws when it must
   * not hear of it.
   */
  onSending(tree: string, config: RunConfig): void;
  signal: AbortSignal;
}

/** Brings a pending run to the engine. Throws what the person has to hear, or the reason of the signal. */
export const dispatch = async (job: Dispatch): Promise<void> => {
  const config = await requireConfig(job.run);
  let wasSent = job.run.tree !== null;
  for (let attempt = 1; ; attempt++) {
    try {
      // What was sent may have arrived although no answer came back; the folder may look different by now.
      if (wasSent && (await job.engine.knows(job.run.id, job.signal))) return;
      wasSent = true;
      return await syncAndSubmit(job, config);
    } catch (error) {
      job.signal.throwIfAborted();
      if (!(error instanceof BottegaError)) throw error;
      if (isSilence(error)) await delay(RETRY_MS * (0.5 + Math.random()), undefined, { signal: job.signal });
      else if (!isRepeatable(error) || attempt >= ATTEMPTS) throw error;
      // Blobs that went missing there, or files that changed here: look at both again.
      job.sync.forget(job.engine.incarnation);
      job.scanned = undefined;
    }
  }
};

const syncAndSubmit = async (job: Dispatch, config: RunConfig): Promise<void> => {
  const { run, engine, sync, signal } = job;
  const started = job.scanned?.started ?? Date.now();
  const snapshot = job.scanned?.snapshot ?? (await sync.scan(run.folder, signal));
  await sync.push(snapshot, engine, signal);
  const phases = [{ name: 'sync' as const, started, duration_ms: Date.now() - started }];
  job.onSending(snapshot.tree.digest, config);
  await engine.submit(run.id, { name: run.name, config, tree: snapshot.tree, phases }, signal);
};

const isSilence = ({ code }: BottegaError): boolean => code === 'cluster_unreachable' || code === 'timeout';

const isRepeatable = ({ code }: BottegaError): boolean => code === 'conflict' || code === 'folder_unreadable';
