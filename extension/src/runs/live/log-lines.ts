import type { EventOf, LogLine as OutputLine } from '@bottega/schema';

export type LineKind = 'stdout' | 'stderr' | 'info' | 'warning' | 'error' | 'gap' | 'state';

/** One line of the log: of the output, or a sentence about the run between its lines. `text` may hold terminal sequences. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly kind: LineKind;
  /** Null for what Bottega says about the run as a whole. */
  readonly rank: number | null;
  readonly text: string;
}

export const outputLine = ({ time, rank, stream, text }: OutputLine): LogLine => ({ time, rank, kind: stream, text });

/** What is longer goes on as a new line; the agent counts the same way (`LogLine` in the schema). */
const MAX_LINE = 16_384;

/** Hears of a line as it grows. Null where its beginning is not known here: the agent has it by its number. */
export type OnLine = (number: number, line: LogLine | null) => void;

/**
 * Numbers the lines of the live output as the agent does. Progress bars are rewritten in place: after a carriage return
 * the next text replaces what is there.
 */
export class OutputLines {
  /** The number of the line that was begun last. */
  number = 0;
  #open: LogLine | null = null;
  #isWhole = true;
  #isReturned = false;

  constructor(readonly onLine: OnLine) {}

  /** Takes in what a rank wrote. After output that was left out, `line` is where it begins or goes on. */
  take(event: EventOf<'output'>, line?: number): void {
    const { rank, stream: kind, time } = event;
    if (!event.text) return;
    if (line !== undefined) this.#jump(line, { rank, kind, time });
    if (this.#open && (this.#open.rank !== rank || this.#open.kind !== kind)) this.close();
    for (const [part] of event.text.matchAll(/\r\n|\n|\r|[^\r\n]+/g)) {
      if (part === '\r') {
        this.#isReturned = this.#open !== null;
      } else if (part === '\n' || part === '\r\n') {
        if (!this.#open) this.#begin({ rank, kind, time, text: '' });
        this.close();
      } else {
        this.#write({ rank, kind, time, text: part });
      }
    }
    if (this.#open) this.#say();
  }

  /** Whoever writes next begins a line. */
  close(): void {
    if (this.#open) this.#say();
    this.#open = null;
    this.#isWhole = true;
    this.#isReturned = false;
  }

  #write(part: LogLine): void {
    if (this.#isReturned && this.#open) {
      this.#open = { ...this.#open, text: '' };
      this.#isWhole = true;
    }
    this.#isReturned = false;
    for (let rest = part.text; rest;) {
      if (!this.#open || this.#open.text.length >= MAX_LINE) this.#begin({ ...part, text: '' });
      const before = this.#open?.text ?? '';
      const room = MAX_LINE - before.length;
      this.#open = { ...part, text: before + rest.slice(0, room) };
      rest = rest.slice(room);
    }
  }

  #begin(line: LogLine): void {
    this.close();
    this.number += 1;
    this.#open = line;
  }

  /** Output was left out, and nobody knows here what the line has already. */
  #jump(number: number, line: Omit<LogLine, 'text'>): void {
    if (this.#open) this.onLine(this.number, null);
    this.#open = null;
    this.close();
    this.number = number;
    this.#open = { ...line, text: '' };
    this.#isWhole = false;
  }

  #say(): void {
    this.onLine(this.number, this.#isWhole ? this.#open : null);
  }
}
