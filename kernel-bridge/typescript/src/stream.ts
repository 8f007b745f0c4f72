import type { ErrorBody, RunEvent, StreamMessage, StreamRequest } from '@bottega/schema';
import { Connection, type ConnectionState } from './connection.js';
import { RunFeed, type FeedListener, type WantedOutput } from './run-feed.js';
import type { Transport } from './transport.js';

/** What keeps something going until `dispose()` is called. */
export interface Disposable {
  dispose(): void;
}

/** A change of the ledger: first all of it, then each record as it changes. */
export type LedgerMessage = Extract<
  StreamMessage,
  { type: 'ledger' | 'run' | 'run_deleted' | 'cluster' | 'cluster_deleted' }
>;

/**
 * `line`, only with `output: 'tail'`: the number of the line that the first output event of these begins or goes on with.
 * Without it, output goes on where it was.
 */
export type OnEvents = (events: RunEvent[], lastSeq: number, line?: number) => void;
export type OnError = (error: ErrorBody) => void;

/**
 * Events of runs and changes of the ledger, live, over one WebSocket that is shared by all subscribers and comes back
 * by itself. Every listener gets every event of its run once, in order, whatever happens to the connection.
 */
export class RunStream {
  readonly #connection: Connection;
  readonly #feeds = new Map<string, RunFeed>();
  readonly #ledgerListeners = new Set<(message: LedgerMessage) => void>();
  readonly #stateListeners = new Set<(state: ConnectionState) => void>();

  constructor(transport: Transport) {
    this.#connection = new Connection(() => transport.openSocket('/v1/stream'), {
      onOpen: () => this.#subscribeAgain(),
      onMessage: message => this.#receive(message),
      onState: state => this.#stateListeners.forEach(listener => listener(state))
    });
  }

  /** Whether it is connected, and since when. */
  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Calls the listener with the state now and at every change. */
  watchState(listener: (state: ConnectionState) => void): Disposable {
    this.#stateListeners.add(listener);
    listener(this.state);
    return { dispose: () => this.#stateListeners.delete(listener) };
  }

  /**
   * Follows a run from an event number on; `onError` hears that there is no such run. With `output: 'tail'` old output
   * is left out, see `StreamRequest` in the schema.
   */
  follow(
    run: string,
    from: number,
    onEvents: OnEvents,
    onError?: OnError,
    { output = 'all' }: { output?: WantedOutput } = {}
  ): Disposable {
    const listener: FeedListener = { next: Math.max(1, from), onEvents, onError };
    const key = keyOf(run, output);
    const feed = this.#feeds.get(key) ?? new RunFeed(run, output, request => this.#send(request));
    this.#feeds.set(key, feed);
    feed.add(listener);
    this.#connection.acquire();
    return once(() => {
      feed.remove(listener);
      if (feed.isIdle) this.#feeds.delete(key);
      this.#connection.release();
    });
  }

  /** Follows all clusters and runs. After every reconnect the whole ledger comes again. */
  followLedger(onChange: (message: LedgerMessage) => void): Disposable {
    this.#ledgerListeners.add(onChange);
    this.#send({ type: 'follow_ledger' });
    this.#connection.acquire();
    return once(() => {
      this.#ledgerListeners.delete(onChange);
      if (!this.#ledgerListeners.size) this.#send({ type: 'unfollow_ledger' });
      this.#connection.release();
    });
  }

  dispose(): void {
    this.#feeds.clear();
    this.#ledgerListeners.clear();
    this.#stateListeners.clear();
    this.#connection.dispose();
  }

  #send(request: StreamRequest): void {
    this.#connection.send(request);
  }

  #subscribeAgain(): void {
    if (this.#ledgerListeners.size) this.#send({ type: 'follow_ledger' });
    this.#feeds.forEach(feed => feed.followAgain());
  }

  #receive(message: StreamMessage): void {
    switch (message.type) {
      case 'events':
        this.#feeds
          .get(keyOf(message.run, message.output ?? 'all'))
          ?.receive(message.events, message.last_seq, message.line);
        return;
      case 'error':
        for (const output of ['all', 'tail'] as const) {
          if (message.run !== undefined) this.#feeds.get(keyOf(message.run, output))?.fail(message.error);
        }
        return;
      case 'heartbeat':
        return;
      default:
        for (const listener of [...this.#ledgerListeners]) listener(message);
    }
  }
}

const keyOf = (run: string, output: WantedOutput): string => `${output} ${run}`;

const once = (release: () => void): Disposable => {
  let isDone = false;
  return {
    dispose: () => {
      if (isDone) return;
      isDone = true;
      release();
    }
  };
};
