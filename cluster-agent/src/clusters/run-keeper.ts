import type { ErrorBody, RunEvent } from '@bottega/schema';
import type { Engine } from '../engine/index.js';
import type { EngineLink } from '../mirror/index.js';

/** An engine that takes runs, and the connection to its stream. */
export interface EngineSession {
  engine: Engine;
  link: EngineLink;
}

/** Who looks after the runs of clusters: what it hears of them, and what clusters ask it. */
export interface RunKeeper {
  /** The cluster takes runs now. */
  engineReady(cluster: string, session: EngineSession): void;
  /** The connection is over; the runs may well go on. */
  engineGone(cluster: string): void;
  onEvents(cluster: string, run: string, events: RunEvent[]): void;
  onRunError(cluster: string, run: string, error: ErrorBody): void;
  /** Nothing of the cluster is left: its active runs are over, for this reason. */
  clusterEnded(cluster: string, state: 'stopped' | 'failed', reason: string): Promise<void>;
  /** Asks every active run to end, and waits for that a short while. Never rejects. */
  stopAll(cluster: string): Promise<void>;
  activeRuns(cluster: string): number;
}
