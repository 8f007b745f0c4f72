import type { Change } from '../changes/index.js';

/** Records that change often are told together. */
const ROUND_MS = 50;
/** However many listen, telling them takes at most a third of the time: a pause is so many times as long as the work. */
const PAUSE = 2;

/** A record that changed, made into text once for all who are told of it. */
export class Told {
  private made: string | null = null;

  constructor(private readonly change: Change) {}

  get text(): string {
    return (this.made ??= JSON.stringify(this.change));
  }
}

/** Gathers what changed, the last state of each record, and hands it out in rounds. */
export class RecordRounds {
  private gathered = new Map<string, Told>();
  private timer: NodeJS.Timeout | null = null;
  private delayMs = ROUND_MS;

  constructor(private readonly handOut: (round: ReadonlyMap<string, Told>) => void) {}

  add(change: Change): void {
    this.gathered.set(keyOf(change), new Told(change));
    this.timer ??= setTimeout(() => this.round(), this.delayMs);
  }

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private round(): void {
    const before = process.cpuUsage();
    const round = this.gathered;
    this.gathered = new Map();
    this.timer = null;
    this.handOut(round);
    // Not by the clock: what keeps this process from running is no reason to tell less.
    const { user, system } = process.cpuUsage(before);
    this.delayMs = Math.max(ROUND_MS, ((user + system) / 1_000) * PAUSE);
  }
}

const keyOf = (change: Change): string => {
  if (change.type === 'run') return `run ${change.run.id}`;
  if (change.type === 'run_deleted') return `run ${change.id}`;
  return `cluster ${change.type === 'cluster' ? change.cluster.name : change.name}`;
};
