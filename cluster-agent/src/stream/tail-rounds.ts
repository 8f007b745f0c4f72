import type { Change } from '../changes/index.js';

export type RunChange = Extract<Change, { type: 'run' }>;

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 250;

interface Pause {
  /** The last change that came meanwhile. */
  newest: RunChange | null;
  timer: NodeJS.Timeout;
}

/**
 * When the tails of a run hear of what it wrote: at once after a quiet moment, and in rounds while it goes on, with ever
 * longer pauses. Nobody reads a flood, and fifty who watch one are to cost little.
 */
export class TailRounds {
  private readonly pauses = new Map<string, Pause>();

  constructor(private readonly handOut: (change: RunChange) => void) {}

  add(change: RunChange): void {
    const pause = this.pauses.get(change.run.id);
    if (pause) pause.newest = change;
    else this.round(change, FIRST_PAUSE_MS);
  }

  /** After a run was deleted. */
  forget(run: string): void {
    clearTimeout(this.pauses.get(run)?.timer);
    this.pauses.delete(run);
  }

  dispose(): void {
    for (const run of [...this.pauses.keys()]) this.forget(run);
  }

  private round(change: RunChange, pauseMs: number): void {
    const { id } = change.run;
    const timer = setTimeout(() => this.goOn(id, pauseMs), pauseMs);
    this.pauses.set(id, { newest: null, timer });
    this.handOut(change);
  }

  private goOn(run: string, pauseMs: number): void {
    const newest = this.pauses.get(run)?.newest;
    this.pauses.delete(run);
    if (newest) this.round(newest, Math.min(2 * pauseMs, LONGEST_PAUSE_MS));
  }
}
