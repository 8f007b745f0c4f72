import { StreamRequest, type Cluster, type ErrorBody, type Run, type StreamMessage } from '@bottega/schema';
import { Compile } from 'typebox/compile';
import type { Change } from '../changes/index.js';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';

const PAGE_EVENTS = 2_000;
/** Frames stay under 1 MiB with their envelope. */
const PAGE_BYTES = 900 * 1024;
const FIRST_RUNS = 200;
/** More than this on its way to a slow reader, and it gets nothing until some of it has left. */
const BUFFER_BYTES = 1024 * 1024;
/** Records that change often are told together. */
const RECORDS_EVERY_MS = 50;

const isRequest = Compile(StreamRequest);

/** What the stream needs of a WebSocket of `ws`. */
export interface Peer {
  readonly bufferedAmount: number;
  send(data: string, done: (error?: Error) => void): void;
  terminate(): void;
  on(event: 'message', listener: (data: unknown) => void): void;
  on(event: 'close' | 'error', listener: () => void): void;
}

export interface SubscriberOptions {
  ledger: Ledger;
  clusters(): Cluster[];
}

/**
 * One WebSocket of the stream. It remembers only numbers: the next event of each run it follows, and which records
 * changed. Everything is read from the ledger when the reader has room, so a slow reader costs no memory and gets
 * larger pages later, and never a hole.
 */
export class Subscriber {
  /** The next event by run. */
  private readonly next = new Map<string, number>();
  /** Runs that may have events to send. */
  private readonly ready = new Set<string>();
  private records: Map<string, Change> | null = null;
  private recordTimer: NodeJS.Timeout | null = null;
  private isFlowing = false;
  private isOver = false;

  constructor(
    private readonly peer: Peer,
    private readonly options: SubscriberOptions
  ) {}

  hear(text: string): void {
    const request = parse(text);
    if (!request) return this.refuse(new BottegaError('invalid_request', 'This is not a request of the stream.'));
    switch (request.type) {
      case 'follow':
        return this.follow(request.run, request.from);
      case 'unfollow':
        this.next.delete(request.run);
        return;
      case 'follow_ledger':
        return this.followLedger();
      case 'unfollow_ledger':
        this.records = null;
    }
  }

  changed(change: Change): void {
    if (change.type === 'run' && this.next.has(change.run.id)) {
      this.ready.add(change.run.id);
      this.flow();
    }
    if (change.type === 'run_deleted') this.next.delete(change.id);
    if (!this.records) return;
    this.records.set(keyOf(change), change);
    this.recordTimer ??= setTimeout(() => {
      this.recordTimer = null;
      this.flow();
    }, RECORDS_EVERY_MS);
  }

  heartbeat(): void {
    if (this.hasRoom()) this.send(JSON.stringify({ type: 'heartbeat', time: Date.now() } satisfies StreamMessage));
  }

  dispose(): void {
    this.isOver = true;
    if (this.recordTimer) clearTimeout(this.recordTimer);
    this.next.clear();
    this.records = null;
  }

  /** Listens first and reads then, so that nothing falls between. */
  private follow(id: string, from: number): void {
    try {
      this.options.ledger.run(id);
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      return this.refuse(error, id);
    }
    this.next.set(id, from);
    this.ready.add(id);
    this.flow();
  }

  private followLedger(): void {
    this.records = new Map();
    const { ledger, clusters } = this.options;
    const runs = fitting(ledger.runs({ limit: FIRST_RUNS }).runs);
    this.send(JSON.stringify({ type: 'ledger', clusters: clusters(), runs } satisfies StreamMessage));
  }

  /** Sends what there is, a page of each run in turn, until the reader has no room; goes on when it has. */
  private flow(): void {
    if (this.isFlowing) return;
    this.isFlowing = true;
    try {
      if (!this.recordTimer) this.sendRecords();
      for (const id of this.ready) {
        if (!this.hasRoom()) break;
        this.ready.delete(id);
        if (this.sendPage(id)) this.ready.add(id);
      }
    } finally {
      this.isFlowing = false;
    }
  }

  /** True when there is more. */
  private sendPage(id: string): boolean {
    const from = this.next.get(id);
    if (from === undefined) return false;
    const { texts, next } = this.options.ledger.eventTexts(id, from, PAGE_EVENTS, PAGE_BYTES);
    if (!texts.length) return false;
    this.next.set(id, next);
    const lastSeq = this.options.ledger.run(id).last_seq;
    // The events are JSON in the ledger already.
    this.send(`{"type":"events","run":${JSON.stringify(id)},"events":[${texts.join(',')}],"last_seq":${lastSeq}}`);
    return next <= lastSeq;
  }

  private sendRecords(): void {
    for (const [key, change] of this.records ?? []) {
      if (!this.hasRoom()) return;
      this.records?.delete(key);
      this.send(JSON.stringify(change));
    }
  }

  private refuse(error: BottegaError, run?: string): void {
    const body: ErrorBody = error.toBody();
    const message: StreamMessage =
      run === undefined ? { type: 'error', error: body } : { type: 'error', run, error: body };
    this.send(JSON.stringify(message));
  }

  private hasRoom(): boolean {
    return !this.isOver && this.peer.bufferedAmount < BUFFER_BYTES;
  }

  private send(text: string): void {
    if (this.isOver) return;
    this.peer.send(text, () => {
      if (!this.isOver && (this.ready.size || this.records?.size)) this.flow();
    });
  }
}

const parse = (text: string): StreamRequest | null => {
  try {
    const request: unknown = JSON.parse(text);
    return isRequest.Check(request) ? request : null;
  } catch {
    return null;
  }
};

const keyOf = (change: Change): string => {
  if (change.type === 'run') return `run ${change.run.id}`;
  if (change.type === 'run_deleted') return `run ${change.id}`;
  return `cluster ${change.type === 'cluster' ? change.cluster.name : change.name}`;
};

/** The newest runs that fit in one frame. */
const fitting = (runs: Run[]): Run[] => {
  let sizeBytes = 0;
  return runs.filter(run => (sizeBytes += Buffer.byteLength(JSON.stringify(run))) < PAGE_BYTES / 2);
};
