import { StreamRequest, type ErrorBody, type StreamMessage } from '@bottega/schema';
import { Compile } from 'typebox/compile';
import type { Change } from '../changes/index.js';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';
import type { FirstLedger } from './first-ledger.js';
import type { Told } from './record-rounds.js';

const PAGE_EVENTS = 2_000;
/** Frames stay under 1 MiB with their envelope. */
const PAGE_BYTES = 900 * 1024;
/** More than this on its way to a slow reader, and it gets nothing until some of it has left. */
const BUFFER_BYTES = 1024 * 1024;
/** Who is so many records behind gets the whole ledger again instead, as after a reconnect. */
const MOST_RECORDS = 300;

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
  first: FirstLedger;
  /** The connection below the WebSocket: what is sent while it is corked leaves in one go. */
  wire?: { cork(): void; uncork(): void };
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
  /** Records that are still to be told, null when it does not follow the ledger. */
  private records: Map<string, Told> | null = null;
  private isFarBehind = false;
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
  }

  /** What changed in the ledger since the last round. */
  hearRound(round: ReadonlyMap<string, Told>): void {
    if (!this.records) return;
    for (const [key, told] of round) this.records.set(key, told);
    if (this.records.size > MOST_RECORDS) {
      this.records.clear();
      this.isFarBehind = true;
    }
    this.flow();
  }

  heartbeat(text: string): void {
    if (this.hasRoom()) this.send(text);
  }

  dispose(): void {
    this.isOver = true;
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
    this.isFarBehind = false;
    this.send(this.options.first.text);
  }

  /** Sends what there is, a page of each run in turn, until the reader has no room; goes on when it has. */
  private flow(): void {
    if (this.isFlowing) return;
    this.isFlowing = true;
    try {
      if (this.records) this.sendRecords(this.records);
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

  private sendRecords(records: Map<string, Told>): void {
    if (this.isFarBehind && this.hasRoom()) this.followLedger();
    if (!records.size) return;
    this.options.wire?.cork();
    for (const [key, told] of records) {
      if (!this.hasRoom()) break;
      records.delete(key);
      this.send(told.text);
    }
    this.options.wire?.uncork();
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
      if (!this.isOver && (this.ready.size || this.records?.size || this.isFarBehind)) this.flow();
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
