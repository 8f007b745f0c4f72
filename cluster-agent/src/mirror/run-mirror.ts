import { hasEnded, type Run, type RunEvent } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { EventBatch, Ledger } from '../ledger/index.js';
import type { Log } from '../log/index.js';

const SAME_HOLE_DELAY_MS = 1_000;
const FULL_DISK_DELAY_MS = 2_000;
const FULL_DISK = 'There is no space left on the disk of BOTTEGA_HOME: the run goes on, its log comes when there is.';

/** The part of a link that the mirror asks through. */
export interface Follower {
  follow(run: string, from: number): void;
  unfollow(run: string): void;
}

export interface MirrorOptions {
  ledger: Ledger;
  log: Log;
  onRun(run: Run): void;
}

/**
 * Copies the event logs of active runs from an engine into the ledger. What comes in one turn of the event loop, of all
 * runs, is written in one transaction; a hole is never written, the missing numbers are asked for again.
 */
export class RunMirror {
  private readonly waiting = new Map<string, RunEvent[]>();
  /** The next number of each followed run. */
  private readonly next = new Map<string, number>();
  private readonly askedAgainFrom = new Map<string, number>();
  private flushing: NodeJS.Immediate | null = null;

  constructor(
    private readonly options: MirrorOptions,
    private readonly follower: Follower
  ) {}

  /** Follows a run from the first number the ledger does not have. */
  follow(run: Run): void {
    if (this.next.has(run.id)) return;
    this.next.set(run.id, run.last_seq + 1);
    this.follower.follow(run.id, run.last_seq + 1);
  }

  unfollow(id: string): void {
    if (!this.next.delete(id)) return;
    this.waiting.delete(id);
    this.askedAgainFrom.delete(id);
    this.follower.unfollow(id);
  }

  receive(id: string, events: RunEvent[]): void {
    const next = this.next.get(id);
    if (next === undefined) return;
    const fresh = following(events, next);
    if (!fresh) return this.askAgain(id);
    if (!fresh.events.length) return;
    this.next.set(id, fresh.next);
    this.waiting.set(id, [...(this.waiting.get(id) ?? []), ...fresh.events]);
    this.flushing ??= setImmediate(() => this.flush());
  }

  /** Writes what is waiting. */
  flush(): void {
    if (this.flushing) clearImmediate(this.flushing);
    this.flushing = null;
    const batches = [...this.waiting];
    this.waiting.clear();
    if (batches.length) this.write(batches);
  }

  /** Writes what is waiting, and asks for nothing more. */
  dispose(): void {
    this.flush();
    this.next.clear();
  }

  private write(batches: EventBatch[]): void {
    const { ledger, onRun } = this.options;
    let runs: Run[];
    try {
      runs = ledger
        .appendEvents(...batches)
        .map(run => (run.reason === FULL_DISK ? ledger.updateRun(run.id, { reason: '' }) : run));
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      if (batches.length === 1) return batches.forEach(([id]) => this.recover(id, error));
      // One that cannot be written keeps no other from being written.
      return batches.forEach(batch => this.write([batch]));
    }
    for (const run of runs) {
      onRun(run);
      if (hasEnded(run.state)) this.unfollow(run.id);
    }
  }

  private recover(id: string, { code }: BottegaError): void {
    if (code === 'not_found') this.unfollow(id);
    else if (code === 'no_space') this.waitForSpace(id);
    // The ledger stands elsewhere than this mirror believes: ask it again.
    else this.askAgain(id);
  }

  private askAgain(id: string): void {
    const from = this.options.ledger.run(id).last_seq + 1;
    // An engine that answers with the same hole again must not keep both sides busy.
    const isSame = this.askedAgainFrom.get(id) === from;
    this.askedAgainFrom.set(id, from);
    this.askFrom(id, from, isSame ? SAME_HOLE_DELAY_MS : 0);
  }

  /** The engine keeps the events meanwhile. */
  private waitForSpace(id: string): void {
    const { ledger, log, onRun } = this.options;
    const run = ledger.run(id);
    if (run.reason !== FULL_DISK) {
      log.warn({ run: id }, 'no space for the events of a run');
      onRun(ledger.updateRun(id, { reason: FULL_DISK }));
    }
    this.follower.unfollow(id);
    this.askFrom(id, run.last_seq + 1, FULL_DISK_DELAY_MS);
  }

  private askFrom(id: string, from: number, delayMs: number): void {
    this.waiting.delete(id);
    this.next.set(id, from);
    const ask = (): void => {
      // Something else may have been asked for, or written, since.
      if (this.next.get(id) === from) this.follower.follow(id, from);
    };
    if (delayMs) setTimeout(ask, delayMs).unref();
    else ask();
  }
}

/** The events from the next number on, or null when there is a hole. A `gap` stands for all numbers it names. */
const following = (events: RunEvent[], from: number): { events: RunEvent[]; next: number } | null => {
  const fresh: RunEvent[] = [];
  let next = from;
  for (const event of events) {
    if (event.seq < next) continue;
    if (event.seq !== next) return null;
    fresh.push(event);
    next = (event.type === 'gap' ? Math.max(event.seq, event.last) : event.seq) + 1;
  }
  return { events: fresh, next };
};
