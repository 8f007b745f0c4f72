import type { Run, RunEvent, RunState } from '@bottega/schema';
import type { Client } from './client.js';
import { BottegaError } from './error.js';

const isEnd: Record<RunState, boolean> = {
  pending: false,
  starting: false,
  running: false,
  done: true,
  failed: true,
  stopped: true,
  lost: true
};

export const hasEnded = (state: RunState): boolean => isEnd[state];

const endsLog = (event: RunEvent): boolean => event.type === 'status' && hasEnded(event.state);

/** A run that was submitted or looked up: what code in a cell or a script holds in its hand. */
export class FollowedRun {
  constructor(
    readonly client: Client,
    /** The record as it was last seen; `refresh()` and `finished()` bring it up to date. */
    public record: Run
  ) {}

  get id(): string {
    return this.record.id;
  }

  async refresh(): Promise<Run> {
    this.record = await this.client.run(this.id);
    return this.record;
  }

  /** Waits for the end, however long that takes, unless the signal ends the wait. */
  async finished(signal?: AbortSignal): Promise<Run> {
    const { state, last_seq } = await this.refresh();
    if (hasEnded(state)) return this.record;
    for await (const event of this.follow(last_seq + 1, 'tail', signal)) {
      if (endsLog(event)) break;
    }
    return this.refresh();
  }

  /** Every event from a number on, those of the past first; ends with the log. */
  events(from = 1, signal?: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    return this.follow(from, 'all', signal);
  }

  stop(): Promise<Run> {
    return this.client.stop(this.id);
  }

  /** Changes live fields, by dotted key; null takes one away. */
  change(values: Record<string, unknown>): Promise<void> {
    return this.client.change(this.id, values);
  }

  /** Records the next steps with the profiler. */
  profile(steps = 5): Promise<void> {
    return this.client.profile(this.id, steps);
  }

  /** With the output's tail no more of the output than a person can read. */
  private async *follow(
    from: number,
    output: 'all' | 'tail',
    signal?: AbortSignal
  ): AsyncGenerator<RunEvent, void, undefined> {
    const waiting: RunEvent[] = [];
    let failure: unknown;
    let notify = (): void => undefined;
    const abort = (): void => {
      failure = signal?.reason;
      notify();
    };
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort);
    const subscription = this.client.stream().follow(
      this.id,
      from,
      events => {
        waiting.push(...events);
        notify();
      },
      error => {
        failure = new BottegaError(error);
        notify();
      },
      { output }
    );
    try {
      const { state, last_seq } = await this.refresh();
      if (hasEnded(state) && from > last_seq) return;
      for (;;) {
        for (let event = waiting.shift(); event; event = waiting.shift()) {
          yield event;
          if (endsLog(event)) return;
        }
        if (failure) throw failure;
        await new Promise<void>(resolve => {
          notify = resolve;
          if (waiting.length || failure) resolve();
        });
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      subscription.dispose();
    }
  }
}
