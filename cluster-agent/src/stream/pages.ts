import { joinEvents, type Ledger } from '../ledger/index.js';

const PAGE_EVENTS = 2_000;
/** Small enough that many slow readers hold little; one event is at most 64 KiB of text. */
const PAGE_BYTES = 256 * 1024;
const MOST_KEPT = 8;
/** What a tail begins with. */
const TAIL_LINES = 1_000;
/** A tail that is more behind goes on with the last of them: nobody reads a flood, and what it left out is there by number. */
const MOST_LINES_BEHIND = 1_500;
const LINES_AFTER_LEAP = 200;

/** A message of events, and the number after its last one. */
export interface Page {
  message: Buffer;
  next: number;
}

/** `outputFrom` is the event before which output is left out. */
export interface TailPage extends Page {
  outputFrom: number;
}

/** Messages of events, made once for all who stand at the same place of a run, of which `lastSeq` is the newest event. */
export class Pages {
  private readonly kept = new Map<string, Page | null>();

  constructor(private readonly ledger: Ledger) {}

  /** Null when there is no event from this number on. */
  all(run: string, from: number, lastSeq: number): Page | null {
    return this.keep(`all ${run} ${from} ${lastSeq}`, () => {
      const { bodies, next } = this.ledger.eventBytes(run, from, PAGE_EVENTS, PAGE_BYTES);
      return bodies.length ? { message: messageOf(run, bodies, lastSeq), next } : null;
    });
  }

  /** The same for a tail that left out output before number `outputFrom`; 0 when it begins. */
  tail(run: string, from: number, outputFrom: number, lastSeq: number): TailPage | null {
    const start = outputFrom && Math.max(from, outputFrom);
    return this.keep(`tail ${run} ${from} ${start} ${lastSeq}`, () => {
      const outputStart = Math.max(from, this.tailStart(run, start));
      const { bodies, next } = this.ledger.tailBytes(run, from, outputStart, PAGE_EVENTS, PAGE_BYTES);
      if (!bodies.length) return null;
      const line = this.ledger.lineAt(run, outputStart, next - 1);
      const more = `,"output":"tail"${line === null ? '' : `,"line":${line}`}`;
      return { message: messageOf(run, bodies, lastSeq, more), next, outputFrom: outputStart };
    });
  }

  /** After a run was deleted: another one may come under its id. */
  forget(): void {
    this.kept.clear();
  }

  private tailStart(run: string, start: number): number {
    const { ledger } = this;
    if (!start) return ledger.tailStart(run, TAIL_LINES);
    const line = ledger.lineAt(run, start, Number.MAX_SAFE_INTEGER);
    if (line === null || ledger.countLines(run) - line <= MOST_LINES_BEHIND) return start;
    return ledger.tailStart(run, LINES_AFTER_LEAP);
  }

  private keep<P extends Page>(key: string, make: () => P | null): P | null {
    let page = this.kept.get(key) as P | null | undefined;
    if (page === undefined) {
      page = make();
      this.kept.set(key, page);
      for (const oldest of this.kept.keys()) {
        if (this.kept.size <= MOST_KEPT) break;
        this.kept.delete(oldest);
      }
    }
    return page;
  }
}

const messageOf = (run: string, bodies: Uint8Array[], lastSeq: number, more = ''): Buffer =>
  joinEvents(`{"type":"events","run":${JSON.stringify(run)},"events":[`, bodies, `],"last_seq":${lastSeq}${more}}`);
