import { hasEnded, type Run, type RunEvent } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';

const SAME_HOLE_DELAY_MS = 1_000;

/** The part of a link that the mirror asks through. */
export interface Follower {
  follow(run: string, from: number): void;
  unfollow(run: string): void;
}

export interface MirrorOptions {
  ledger: Ledger;
  onRun(run: Run): void;
}

/**
 * Copies the event logs of active runs from an engine into the ledger. What comes in one turn of the event loop is
 * written in one transaction; a hole is never written, the missing numbers are asked for again.
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
    for (const [id, events] of batches) this.append(id, events);
  }

  private append(id: string, events: RunEvent[]): void {
    let run: Run;
    try {
      run = this.options.ledger.appendEvents(id, events);
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      // Deleted meanwhile; or the ledger stands elsewhere than this mirror believes: ask it again.
      if (error.code === 'not_found') return this.unfollow(id);
      if (error.code === 'internal') return this.askAgain(id);
      throw error;
    }
    this.options.onRun(run);
    if (hasEnded(run.state)) this.unfollow(id);
  }

  private askAgain(id: string): void {
    this.waiting.delete(id);
    const from = this.options.ledger.run(id).last_seq + 1;
    this.next.set(id, from);
    const ask = (): void => {
      if (this.next.has(id)) this.follower.follow(id, from);
    };
    // An engine that answers with the same hole again must not keep both sides busy.
    if (this.askedAgainFrom.get(id) === from) setTimeout(ask, SAME_HOLE_DELAY_MS).unref();
    else ask();
    this.askedAgainFrom.set(id, from);
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
