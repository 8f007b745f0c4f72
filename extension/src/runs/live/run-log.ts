import type { RunEvent } from '@bottega/schema';
import { OpenLines, type LogLine } from './log-lines.js';

/** Reads a stretch of the event log again, from a number on. */
export type ReadEvents = (from: number) => Promise<{ events: RunEvent[] }>;

interface Page {
  /** Index of its first line in the whole log. */
  readonly start: number;
  readonly firstSeq: number;
  readonly opening: OpenLines;
  lastSeq: number;
  lineCount: number;
  /** Null when they were let go; they can be read again by number. */
  lines: LogLine[] | null;
  usedAt: number;
}

const PAGE_LINES = 1000;
const RESIDENT_PAGES = 100;

/**
 * The lines of a run's log, in pages. Only so many pages stay in memory; the others are read again from the agent
 * when somebody looks at them.
 */
export class RunLog {
  readonly #pages: Page[] = [];
  readonly #reading = new Map<Page, Promise<void>>();
  #open = new OpenLines();
  #openLines: LogLine[] = [];
  #clock = 0;

  constructor(
    readonly read: ReadEvents,
    readonly residentPages = RESIDENT_PAGES
  ) {}

  /** Lines that have their newline. Their indexes never change. */
  get completeCount(): number {
    const last = this.#pages.at(-1);
    return last ? last.start + last.lineCount : 0;
  }

  /** All lines; those still being written come last. */
  get count(): number {
    return this.completeCount + this.#openLines.length;
  }

  /** Takes in the next event of the run. */
  append(event: RunEvent): void {
    const { complete, open } = this.#open.after(event);
    if (open === this.#open && !complete.length) return;
    const page = this.#pageFor(event.seq);
    page.lastSeq = event.seq;
    page.lineCount += complete.length;
    page.lines?.push(...complete);
    this.#open = open;
    this.#openLines = open.lines;
  }

  /** A line by index, or null while its page is not in memory; `load` brings it. */
  line(index: number): LogLine | null {
    if (index >= this.completeCount) return this.#openLines[index - this.completeCount] ?? null;
    const page = this.#pageOf(index);
    page.usedAt = ++this.#clock;
    return page.lines?.[index - page.start] ?? null;
  }

  /** Reads the page of a line again if it was let go. Rejects with `BottegaError`. */
  async load(index: number): Promise<void> {
    if (index >= this.completeCount) return;
    const page = this.#pageOf(index);
    page.usedAt = ++this.#clock;
    if (page.lines) return;
    const reading = this.#reading.get(page) ?? this.#readPage(page).finally(() => this.#reading.delete(page));
    this.#reading.set(page, reading);
    await reading;
  }

  #pageFor(seq: number): Page {
    const last = this.#pages.at(-1);
    if (last && last.lineCount < PAGE_LINES) return last;
    const start = this.completeCount;
    const page = { start, firstSeq: seq, opening: this.#open, lastSeq: seq, lineCount: 0, lines: [], usedAt: 0 };
    page.usedAt = ++this.#clock;
    this.#pages.push(page);
    this.#letGo();
    return page;
  }

  #pageOf(index: number): Page {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pages[middle]?.start ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return this.#pages[low] as Page;
  }

  async #readPage(page: Page): Promise<void> {
    const lines: LogLine[] = [];
    let open = page.opening;
    for (let from = page.firstSeq; from <= page.lastSeq;) {
      const { events } = await this.read(from);
      const last = events.at(-1);
      if (!last) break;
      for (const event of events) {
        if (event.seq > page.lastSeq) break;
        const step = open.after(event);
        open = step.open;
        lines.push(...step.complete);
      }
      from = last.seq + 1;
    }
    page.lines = lines;
    this.#letGo();
  }

  /** The newest page is never let go: lines are added to it. */
  #letGo(): void {
    const resident = this.#pages.slice(0, -1).filter(page => page.lines);
    const excess = resident.length + 1 - this.residentPages;
    if (excess <= 0) return;
    resident.sort((one, other) => one.usedAt - other.usedAt);
    for (const page of resident.slice(0, excess)) page.lines = null;
  }
}
