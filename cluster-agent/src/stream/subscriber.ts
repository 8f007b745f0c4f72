import { StreamRequest, type ErrorBody, type StreamMessage } from '@bottega/schema';
import { Compile } from 'typebox/compile';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';
import type { FirstLedger } from './first-ledger.js';
import type { Page, Pages } from './pages.js';
import type { Told } from './record-rounds.js';
import type { RunChange } from './tail-rounds.js';

/** More than this on its way to a slow reader, and it gets nothing until some of it has left. */
const BUFFER_BYTES = 256 * 1024;
/** Who is so many records behind gets the whole ledger again instead, as after a reconnect. */
const MOST_RECORDS = 300;

const isRequest = Compile(StreamRequest);

/** What the stream needs of a WebSocket of `ws`. */
export interface Peer {
  readonly bufferedAmount: number;
  send(data: string | Buffer, options: { binary: false }, done: (error?: Error) => void): void;
  terminate(): void;
  on(event: 'message', listener: (data: unknown) => void): void;
  on(event: 'close' | 'error', listener: () => void): void;
}

export interface SubscriberOptions {
  ledger: Ledger;
  pages: Pages;
  first: FirstLedger;
  /** The connection below the WebSocket: what is sent while it is corked leaves in one go. */
  wire?: { cork(): void; uncork(): void };
}

/** Where a follower stands in a run. */
interface Place {
  run: string;
  /** The next event. */
  next: number;
  /** The newest event that it is known to have. */
  lastSeq: number;
  /** Output before this event is left out; null for a follower that wants all. */
  outputFrom: number | null;
}

/**
 * One WebSocket of the stream. It remembers only numbers: the next event of each run it follows, and which records
 * changed. Everything is read from the ledger when the reader has room, so a slow reader costs no memory and gets
 * larger pages later, and never a hole.
 */
export class Subscriber {
  /** By run, for followers of all output and of the tail. */
  private readonly places = { all: new Map<string, Place>(), tail: new Map<string, Place>() };
  /** Places that may have events to send. */
  private readonly ready = new Set<Place>();
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
        return this.follow(request.run, request.from, request.output ?? 'all');
      case 'unfollow':
        this.leave(request.run, request.output ?? 'all');
        return;
      case 'follow_ledger':
        return this.followLedger();
      case 'unfollow_ledger':
        this.records = null;
    }
  }

  /** More events of a run, for who follows all of them. */
  hearOfRun({ run }: RunChange): void {
    this.advance(this.places.all.get(run.id), run.last_seq);
  }

  /** The same for who follows the tail. */
  hearOfTail({ run }: RunChange): void {
    this.advance(this.places.tail.get(run.id), run.last_seq);
  }

  /** After a run was deleted. */
  forget(run: string): void {
    this.leave(run, 'all');
    this.leave(run, 'tail');
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
    this.ready.clear();
    this.places.all.clear();
    this.places.tail.clear();
    this.records = null;
  }

  /** Listens first and reads then, so that nothing falls between. */
  private follow(id: string, from: number, output: 'all' | 'tail'): void {
    let lastSeq: number;
    try {
      lastSeq = this.options.ledger.run(id).last_seq;
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      return this.refuse(error, id);
    }
    this.leave(id, output);
    const place = { run: id, next: from, lastSeq, outputFrom: output === 'tail' ? 0 : null };
    this.places[output].set(id, place);
    this.ready.add(place);
    this.flow();
  }

  private advance(place: Place | undefined, lastSeq: number): void {
    if (!place) return;
    place.lastSeq = Math.max(place.lastSeq, lastSeq);
    this.ready.add(place);
    this.flow();
  }

  private leave(id: string, output: 'all' | 'tail'): void {
    const place = this.places[output].get(id);
    if (!place) return;
    this.places[output].delete(id);
    this.ready.delete(place);
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
      for (const place of this.ready) {
        if (!this.hasRoom()) break;
        this.ready.delete(place);
        if (place.next > place.lastSeq) continue;
        const page = this.nextPage(place);
        if (!page) continue;
        place.next = page.next;
        this.ready.add(place);
        this.send(page.message);
      }
    } finally {
      this.isFlowing = false;
    }
  }

  private nextPage(place: Place): Page | null {
    const { ledger, pages } = this.options;
    const { run, next, lastSeq, outputFrom } = place;
    if (outputFrom === null) return pages.all(run, next, lastSeq);
    if (outputFrom === 0 && ledger.numberLines(run)) {
      // A run that an older Bottega has written: its lines are numbered in slices, and others go on between.
      setImmediate(() => {
        if (this.places.tail.get(run) === place) this.ready.add(place);
        this.flow();
      });
      return null;
    }
    const page = pages.tail(run, next, outputFrom, lastSeq);
    if (page) place.outputFrom = page.outputFrom;
    return page;
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

  private send(message: string | Buffer): void {
    if (this.isOver) return;
    this.peer.send(message, { binary: false }, () => {
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
