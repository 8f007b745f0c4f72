import type { ErrorBody, RunEvent, StreamRequest } from '@bottega/schema';

/** `next` is the number of the event this listener waits for. */
export interface FeedListener {
  next: number;
  onEvents(events: RunEvent[], lastSeq: number, line?: number): void;
  onError?: ((error: ErrorBody) => void) | undefined;
}

/** Whether a listener wants all output or only that of the end, see `StreamRequest`. */
export type WantedOutput = 'all' | 'tail';

/**
 * The listeners of one run and one kind on one connection. The agent keeps one place for them, so the feed asks from
 * the earliest number that any listener needs, and each listener takes only what is next for it.
 */
export class RunFeed {
  readonly #listeners = new Set<FeedListener>();
  /** What the last `follow` on this connection asked for; a second one for the same number would change nothing. */
  #askedFrom = 0;
  #reached = 0;

  constructor(
    readonly run: string,
    readonly output: WantedOutput,
    readonly send: (request: StreamRequest) => void
  ) {}

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: FeedListener): void {
    const isFirst = this.isIdle;
    this.#listeners.add(listener);
    if (isFirst || listener.next <= this.#reached || listener.next < this.#askedFrom) this.followAgain();
  }

  remove(listener: FeedListener): void {
    this.#listeners.delete(listener);
    if (this.isIdle) this.send({ type: 'unfollow', run: this.run, ...this.#kind });
  }

  /** Asks from the earliest number that is missing: on a new connection, or when something was left out. */
  followAgain(): void {
    this.#askedFrom = this.#earliest();
    this.#reached = 0;
    this.send({ type: 'follow', run: this.run, from: this.#askedFrom, ...this.#kind });
  }

  receive(events: RunEvent[], lastSeq: number, line?: number): void {
    this.#reached = Math.max(this.#reached, events.at(-1)?.seq ?? 0);
    if (this.output === 'tail') return this.#handOutTail(events, lastSeq, line);
    for (const listener of [...this.#listeners]) {
      const fresh = takeNext(listener, events);
      if (fresh.length) listener.onEvents(fresh, lastSeq);
    }
    const isAhead = (events[0]?.seq ?? 0) > this.#earliest();
    if (isAhead && this.#askedFrom !== this.#earliest()) this.followAgain();
  }

  /** Numbers may be left out. A listener that knows the first output event already goes on from there, without `line`. */
  #handOutTail(events: RunEvent[], lastSeq: number, line?: number): void {
    const firstOutput = events.find(event => event.type === 'output');
    for (const listener of [...this.#listeners]) {
      const fresh = events.filter(event => event.seq >= listener.next);
      const last = fresh.at(-1);
      if (!last) continue;
      const isNew = firstOutput !== undefined && firstOutput.seq >= listener.next;
      listener.next = last.seq + 1;
      listener.onEvents(fresh, lastSeq, isNew ? line : undefined);
    }
  }

  get #kind(): { output?: 'tail' } {
    return this.output === 'tail' ? { output: 'tail' } : {};
  }

  #earliest(): number {
    return Math.min(...Array.from(this.#listeners, listener => listener.next));
  }

  fail(error: ErrorBody): void {
    for (const listener of [...this.#listeners]) listener.onError?.(error);
  }
}

/** The events that continue where the listener is. A `gap` stands for all numbers it names. */
const takeNext = (listener: FeedListener, events: RunEvent[]): RunEvent[] => {
  const fresh: RunEvent[] = [];
  for (const event of events) {
    const first = event.type === 'gap' ? Math.min(event.first, event.seq) : event.seq;
    if (event.seq < listener.next || first > listener.next) continue;
    fresh.push(event);
    listener.next = Math.max(event.seq, event.type === 'gap' ? event.last : 0) + 1;
  }
  return fresh;
};
