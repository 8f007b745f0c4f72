import type { Cluster as ClusterRecord } from '@bottega/schema';
import type { Changes } from '../changes/index.js';

export interface IdleStopOptions {
  changes: Changes;
  records(): ClusterRecord[];
  activeRuns(cluster: string): number;
  /** When the run that ended last on the cluster did; 0 when none has. */
  lastEnd(cluster: string): number;
  stop(cluster: string, reason: string): void;
  /** Length of a minute, for tests that cannot wait for one. */
  minuteMs?: number;
}

/** Stops clusters that had no run for as long as their spec allows. */
export class IdleStop {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly unlisten: () => void;

  constructor(private readonly options: IdleStopOptions) {
    this.unlisten = options.changes.listen(change => {
      if (change.type === 'cluster') this.arm(change.cluster);
      if (change.type === 'run') this.armByName(change.run.cluster);
      if (change.type === 'cluster_deleted') this.disarm(change.name);
    });
  }

  dispose(): void {
    this.unlisten();
    for (const name of [...this.timers.keys()]) this.disarm(name);
  }

  private armByName(name: string): void {
    const record = this.options.records().find(each => each.name === name);
    if (record) this.arm(record);
  }

  private arm(record: ClusterRecord): void {
    const { name, state, since } = record;
    const minutes = record.spec.idle_stop_minutes;
    this.disarm(name);
    if (minutes === undefined || state !== 'ready' || this.options.activeRuns(name) > 0) return;
    const idleSince = Math.max(since, this.options.lastEnd(name));
    const left = idleSince + minutes * (this.options.minuteMs ?? 60_000) - Date.now();
    const stop = (): void => this.options.stop(name, `Stopped after ${minutes} min without a run.`);
    const timer = setTimeout(stop, Math.max(0, left));
    timer.unref();
    this.timers.set(name, timer);
  }

  private disarm(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
