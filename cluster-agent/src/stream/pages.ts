import type { Ledger } from '../ledger/index.js';

const PAGE_EVENTS = 2_000;
/** Small enough that many slow readers hold little; one event is at most 64 KiB of text. */
const PAGE_BYTES = 256 * 1024;
const MOST_KEPT = 8;

/** A message of events, and the number after its last one. */
export interface Page {
  message: Buffer;
  next: number;
}

/** Messages of events, made once for all who stand at the same place of a run. */
export class Pages {
  private readonly kept = new Map<string, Page | null>();

  constructor(private readonly ledger: Ledger) {}

  /** Null when there is no event from this number on. */
  all(run: string, from: number): Page | null {
    return this.keep(`all ${run} ${from}`, run, lastSeq => {
      const { texts, next } = this.ledger.eventTexts(run, from, PAGE_EVENTS, PAGE_BYTES);
      return texts.length ? { message: messageOf(run, texts, lastSeq), next } : null;
    });
  }

  /** Without output events before number `outputFrom`. */
  tail(run: string, from: number, outputFrom: number): Page | null {
    return this.keep(`tail ${run} ${from} ${Math.max(from, outputFrom)}`, run, lastSeq => {
      const { texts, next } = this.ledger.tailTexts(run, from, outputFrom, PAGE_EVENTS, PAGE_BYTES);
      if (!texts.length) return null;
      const line = this.ledger.lineAt(run, Math.max(from, outputFrom), next - 1);
      return {
        message: messageOf(run, texts, lastSeq, `,"output":"tail"${line === null ? '' : `,"line":${line}`}`),
        next
      };
    });
  }

  /** After a run was deleted: another one may come under its id. */
  forget(): void {
    this.kept.clear();
  }

  private keep(place: string, run: string, make: (lastSeq: number) => Page | null): Page | null {
    const lastSeq = this.ledger.lastSeq(run);
    const key = `${place} ${lastSeq}`;
    let page = this.kept.get(key);
    if (page === undefined) {
      page = make(lastSeq);
      this.kept.set(key, page);
      for (const oldest of this.kept.keys()) {
        if (this.kept.size <= MOST_KEPT) break;
        this.kept.delete(oldest);
      }
    }
    return page;
  }
}

/** The events are JSON in the ledger already. */
const messageOf = (run: string, texts: string[], lastSeq: number, more = ''): Buffer =>
  Buffer.from(
    `{"type":"events","run":${JSON.stringify(run)},"events":[${texts.join(',')}],"last_seq":${lastSeq}${more}}`
  );
