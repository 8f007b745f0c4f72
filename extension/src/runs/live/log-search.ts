import { BottegaError } from '@bottega/client';
import type { ErrorBody, LogLine as OutputLine, SearchPage, SearchQuery } from '@bottega/schema';
import { Signal, type ISignal } from '@lumino/signaling';
import { firstWhere } from './log-rows.js';

/** What a person looks for in the output. An empty text and null let all pass. */
export interface LogQuery {
  readonly text: string;
  readonly isRegex: boolean;
  readonly isCase: boolean;
  readonly rank: number | null;
  readonly stream: OutputLine['stream'] | null;
}

export const everything: LogQuery = { text: '', isRegex: false, isCase: false, rank: null, stream: null };
export const isEverything = ({ text, rank, stream }: LogQuery): boolean => !text && rank === null && stream === null;

/** Asks the agent for a page of matches. Rejects with `BottegaError`. */
export type AskSearch = (query: Partial<SearchQuery>, signal: AbortSignal) => Promise<SearchPage>;

/** The first page is small, so that something is there at once. */
const FIRST_LIMIT = 500;
const LIMIT = 5000;
/** Nobody goes through more matches of a text; looking for them would keep the agent busy for minutes. */
const MOST_MATCHES = 100_000;
/** How often lines that were written since are looked at. */
const PAUSE_MS = 400;

/** A search over the whole output, page by page, that goes on with what is written later. */
export class LogSearch {
  /** The numbers of the lines that match, in rising order. */
  readonly numbers: number[] = [];
  error: ErrorBody | null = null;
  /** Whether all lines there were have been looked at, or enough of them. */
  isComplete = false;
  /** Whether there may be more matches than anybody looks for. */
  isCut = false;
  #next = 1;
  #total = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  readonly #end = new AbortController();
  readonly #changed = new Signal<this, void>(this);

  constructor(
    readonly ask: AskSearch,
    readonly query: LogQuery,
    readonly mostMatches = MOST_MATCHES
  ) {}

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** The part of the lines that has been looked at. */
  get progress(): number {
    if (this.isComplete) return 1;
    return this.#total ? Math.min(1, (this.#next - 1) / this.#total) : 0;
  }

  start(): void {
    if (!this.#isAsking && !this.#end.signal.aborted) void this.#run();
  }

  /** Lines were written; the last one that was looked at may have grown as well. */
  grew(lineCount: number): void {
    if (!this.isComplete || this.isCut || this.error || lineCount <= this.#total || this.#end.signal.aborted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, PAUSE_MS);
  }

  /** Looks no further and says nothing more. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
    Signal.clearData(this);
  }

  has(number: number): boolean {
    return this.placeOf(number) >= 0;
  }

  /** The place of a line among the matches, from 0; -1 when it is none. */
  placeOf(number: number): number {
    const at = this.#firstFrom(number);
    return this.numbers[at] === number ? at : -1;
  }

  /** The match at or after a line, around the end; null when there is none. */
  from(number: number, direction: 1 | -1): number | null {
    const count = this.numbers.length;
    if (!count) return null;
    const at = this.#firstFrom(number);
    if (direction === 1) return this.numbers[at % count] ?? null;
    return this.numbers[(this.numbers[at] === number ? at : at - 1 + count) % count] ?? null;
  }

  #firstFrom(number: number): number {
    return firstWhere(this.numbers.length, index => (this.numbers[index] ?? 0) >= number);
  }

  async #run(): Promise<void> {
    this.#isAsking = true;
    this.error = null;
    try {
      for (let next: number | null = this.#next; next !== null;) next = await this.#page(next);
      this.isComplete = true;
    } catch (error) {
      if (this.#end.signal.aborted) return;
      if (!(error instanceof BottegaError)) throw error;
      this.error = error.body;
    } finally {
      this.#isAsking = false;
    }
    this.#changed.emit();
  }

  async #page(from: number): Promise<number | null> {
    const { text, isRegex, isCase, rank, stream } = this.query;
    const what = {
      ...(text && { text, regex: isRegex, case: isCase }),
      ...(rank !== null && { rank }),
      ...(stream !== null && { stream })
    };
    const limit = from === 1 ? FIRST_LIMIT : LIMIT;
    const { lines, next, total } = await this.ask({ ...what, from, limit }, this.#end.signal);
    if (this.#end.signal.aborted) return null;
    const last = this.numbers.at(-1) ?? 0;
    for (const line of lines) if (line.number > last) this.numbers.push(line.number);
    this.#total = total;
    this.#next = next ?? Math.max(1, total);
    // A rank or a stream is another log, and that is read to its end.
    this.isCut = text !== '' && next !== null && this.numbers.length >= this.mostMatches;
    this.#changed.emit();
    return this.isCut ? null : next;
  }
}
