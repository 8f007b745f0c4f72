import type { Cluster, StreamMessage } from '@bottega/schema';
import type { Changes } from '../changes/index.js';
import type { Ledger } from '../ledger/index.js';
import { FirstLedger } from './first-ledger.js';
import { Pages } from './pages.js';
import { RecordRounds } from './record-rounds.js';
import { Subscriber, type Peer, type SubscriberOptions } from './subscriber.js';

const HEARTBEAT_MS = 10_000;

export interface StreamOptions {
  ledger: Ledger;
  changes: Changes;
  clusters(): Cluster[];
  heartbeatMs?: number;
}

/** Fans the ledger out to any number of subscribers. */
export class Stream {
  private readonly subscribers = new Set<Subscriber>();
  private readonly heartbeat: NodeJS.Timeout;
  private readonly rounds: RecordRounds;
  private readonly first: FirstLedger;
  private readonly pages: Pages;
  private readonly unlisten: () => void;

  constructor(private readonly options: StreamOptions) {
    this.first = new FirstLedger(options);
    this.pages = new Pages(options.ledger);
    this.rounds = new RecordRounds(round => {
      for (const subscriber of this.subscribers) subscriber.hearRound(round);
    });
    this.unlisten = options.changes.listen(change => {
      this.first.changed();
      if (change.type === 'run_deleted') this.pages.forget();
      if (this.subscribers.size) this.rounds.add(change);
      for (const subscriber of this.subscribers) subscriber.changed(change);
    });
    this.heartbeat = setInterval(() => {
      const text = JSON.stringify({ type: 'heartbeat', time: Date.now() } satisfies StreamMessage);
      for (const subscriber of this.subscribers) subscriber.heartbeat(text);
    }, options.heartbeatMs ?? HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /** Serves one WebSocket until it closes. */
  attach(peer: Peer, wire?: SubscriberOptions['wire']): void {
    const { ledger } = this.options;
    const subscriber = new Subscriber(peer, {
      ledger,
      first: this.first,
      pages: this.pages,
      ...(wire ? { wire } : {})
    });
    this.subscribers.add(subscriber);
    peer.on('message', data => subscriber.hear(String(data as Buffer)));
    peer.on('close', () => {
      this.subscribers.delete(subscriber);
      subscriber.dispose();
    });
    peer.on('error', () => peer.terminate());
  }

  dispose(): void {
    clearInterval(this.heartbeat);
    this.unlisten();
    this.rounds.dispose();
    for (const subscriber of this.subscribers) subscriber.dispose();
    this.subscribers.clear();
  }
}
