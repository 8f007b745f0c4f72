import type { Cluster, StreamMessage } from '@bottega/schema';
import type { Changes } from '../changes/index.js';
import type { Ledger } from '../ledger/index.js';
import { FirstLedger } from './first-ledger.js';
import { Pages } from './pages.js';
import { RecordRounds } from './record-rounds.js';
import { Subscriber, type Peer, type SubscriberOptions } from './subscriber.js';
import { TailRounds } from './tail-rounds.js';

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
  private readonly tailRounds: TailRounds;
  private readonly first: FirstLedger;
  private readonly pages: Pages;
  private readonly unlisten: () => void;

  constructor(private readonly options: StreamOptions) {
    this.first = new FirstLedger(options);
    this.pages = new Pages(options.ledger);
    this.rounds = new RecordRounds(round => {
      for (const subscriber of this.subscribers) subscriber.hearRound(round);
    });
    this.tailRounds = new TailRounds(change => {
      for (const subscriber of this.subscribers) subscriber.hearOfTail(change);
    });
    this.unlisten = options.changes.listen(change => {
      this.first.changed();
      if (change.type === 'run_deleted') this.forget(change.id);
      if (!this.subscribers.size) return;
      this.rounds.add(change);
      if (change.type !== 'run') return;
      for (const subscriber of this.subscribers) subscriber.hearOfRun(change);
      this.tailRounds.add(change);
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
    this.tailRounds.dispose();
    for (const subscriber of this.subscribers) subscriber.dispose();
    this.subscribers.clear();
  }

  private forget(run: string): void {
    this.pages.forget();
    this.tailRounds.forget(run);
    for (const subscriber of this.subscribers) subscriber.forget(run);
  }
}
