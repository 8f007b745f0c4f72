import type { LinePage } from '@bottega/schema';
import { outputLine, type LogLine } from './log-lines.js';

/** Reads lines of the output by number. Rejects with `BottegaError`. */
export type ReadLines = (from: number, limit: number) => Promise<LinePage>;

interface Page {
  readonly lines: (LogLine | null)[];
  characters: number;
}

const PAGE_LINES = 500;
/** A line takes some memory besides its text. */
const LINE_CHARACTERS = 80;
const MAX_CHARACTERS = 8_000_000;

/** Lines of the output by their number from 1, in pages of which only so much stays in memory; the oldest used go first. */
export class LogPages {
  /** In the order in which they were used. */
  readonly #pages = new Map<number, Page>();
  readonly #reading = new Map<number, Promise<LinePage>>();
  #characters = 0;

  constructor(
    readonly read: ReadLines,
    readonly maxCharacters = MAX_CHARACTERS
  ) {}

  /** A line, or null while it is not in memory; `load` brings it. */
  line(number: number): LogLine | null {
    return this.#use(number)?.lines[(number - 1) % PAGE_LINES] ?? null;
  }

  set(number: number, line: LogLine | null): void {
    const page = this.#use(number) ?? this.#make(number);
    const at = (number - 1) % PAGE_LINES;
    const grown = sizeOf(line) - sizeOf(page.lines[at] ?? null);
    page.lines[at] = line;
    page.characters += grown;
    this.#characters += grown;
    this.#letGo();
  }

  /** Reads the page of a line; lines that are known already stay as they are. */
  async load(number: number): Promise<LinePage> {
    const key = keyOf(number);
    const reading = this.#reading.get(key) ?? this.#readPage(key).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #readPage(key: number): Promise<LinePage> {
    const answer = await this.read(key * PAGE_LINES + 1, PAGE_LINES);
    for (const line of answer.lines) {
      const known = this.#pages.get(key)?.lines[(line.number - 1) % PAGE_LINES];
      if (!known) this.set(line.number, outputLine(line));
    }
    return answer;
  }

  #use(number: number): Page | undefined {
    const key = keyOf(number);
    const page = this.#pages.get(key);
    if (page) {
      this.#pages.delete(key);
      this.#pages.set(key, page);
    }
    return page;
  }

  #make(number: number): Page {
    const page = { lines: new Array<LogLine | null>(PAGE_LINES).fill(null), characters: 0 };
    this.#pages.set(keyOf(number), page);
    return page;
  }

  /** What is on a screen lies in two pages, and the newest lines in one more. */
  #letGo(): void {
    for (const [key, page] of this.#pages) {
      if (this.#characters <= this.maxCharacters || this.#pages.size <= 3) return;
      this.#pages.delete(key);
      this.#characters -= page.characters;
    }
  }
}

const keyOf = (number: number): number => Math.floor((number - 1) / PAGE_LINES);
const sizeOf = (line: LogLine | null): number => (line ? line.text.length + LINE_CHARACTERS : 0);
