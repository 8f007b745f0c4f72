import type { Cluster } from '@bottega/schema';
import type { Changes } from '../changes/index.js';
import type { Ledger } from '../ledger/index.js';
import { Subscriber, type Peer } from './subscriber.js';

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
  private readonly unlisten: () => void;

  constructor(private readonly options: StreamOptions) {
    this.unlisten = options.changes.listen(change => {
      for (const subscriber of this.subscribers) subscriber.changed(change);
    });
    this.heartbeat = setInterval(() => {
      for (const subscriber of this.subscribers) subscriber.heartbeat();
    }, options.heartbeatMs ?? HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /** Serves one WebSocket until it closes. */
  attach(peer: Peer): void {
    const subscriber = new Subscriber(peer, {
      ledger: this.options.ledger,
      clusters: () => this.options.clusters()
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
    for (const subscriber of this.subscribers) subscriber.dispose();
    this.subscribers.clear();
  }
}
