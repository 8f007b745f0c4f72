import type { LogLine } from './log-lines.js';
import type { RunLog } from './run-log.js';
import { plainText } from './terminal-text.js';

/** Which lines to show. An empty text and null let all pass. */
export interface LogQuery {
  readonly text: string;
  readonly rank: number | null;
}

const SLICE_LINES = 5000;

export const isEverything = (query: LogQuery): boolean => !query.text && query.rank === null;

/** The indexes of the lines that fit a query. Goes through the log once, then only through what is new. */
export class LogFilter {
  readonly matches: number[] = [];
  readonly #text: string;
  #next = 0;

  constructor(
    readonly log: RunLog,
    readonly query: LogQuery
  ) {
    this.#text = query.text.toLowerCase();
  }

  /** Whether every complete line has been looked at. */
  get isComplete(): boolean {
    return this.#next >= this.log.completeCount;
  }

  get progress(): number {
    return this.log.completeCount ? this.#next / this.log.completeCount : 1;
  }

  /** Looks at the next lines that are in memory, a bounded number of them; false when a page has to be read first. */
  advance(): boolean {
    const end = Math.min(this.log.completeCount, this.#next + SLICE_LINES);
    while (this.#next < end) {
      const line = this.log.line(this.#next);
      if (!line) return false;
      if (this.#fits(line)) this.matches.push(this.#next);
      this.#next += 1;
    }
    return true;
  }

  /** Reads the page where `advance` stopped. */
  load(): Promise<void> {
    return this.log.load(this.#next);
  }

  #fits(line: LogLine): boolean {
    if (this.query.rank !== null && line.rank !== null && line.rank !== this.query.rank) return false;
    return !this.#text || plainText(line.text).toLowerCase().includes(this.#text);
  }
}
