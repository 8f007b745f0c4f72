import type { EventOf, RunEvent } from '@bottega/schema';

export type LineKind = 'stdout' | 'stderr' | 'info' | 'warning' | 'error' | 'gap' | 'state';

/** One line of the log. `text` may hold terminal sequences; `seq` is the event that completed it. */
export interface LogLine {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly kind: LineKind;
  /** Null for what Bottega says about the run as a whole. */
  readonly rank: number | null;
  readonly text: string;
}

/** A line that has no newline yet. After a carriage return the next text replaces what is there. */
interface OpenLine extends LogLine {
  readonly isReturned: boolean;
}

/** Output without a newline is cut here; nobody reads longer lines, and the list measures them. */
const MAX_LINE = 8192;

/**
 * Lines that wait for their newline, one for each rank and stream. Progress bars live here: they are rewritten in
 * place and become a line of the log once. Immutable, so a page of the log can remember how it began.
 */
export class OpenLines {
  readonly #lines: ReadonlyMap<string, OpenLine>;

  constructor(lines: ReadonlyMap<string, OpenLine> = new Map()) {
    this.#lines = lines;
  }

  get lines(): LogLine[] {
    return [...this.#lines.values()];
  }

  /** Takes in one event: the lines that are complete now, and what is open after it. */
  after(event: RunEvent): { complete: LogLine[]; open: OpenLines } {
    if (event.type === 'output') return this.#afterOutput(event);
    const line = sentence(event);
    return { complete: line ? [line] : [], open: this };
  }

  #afterOutput(event: EventOf<'output'>): { complete: LogLine[]; open: OpenLines } {
    const key = `${event.rank} ${event.stream}`;
    const { seq, time, rank, stream: kind } = event;
    const complete: LogLine[] = [];
    let { text, isReturned } = this.#lines.get(key) ?? { text: '', isReturned: false };
    const close = (): void => {
      complete.push({ seq, time, kind, rank, text });
      text = '';
      isReturned = false;
    };
    for (const [, part = '', end] of event.text.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)) {
      if (part) {
        text = isReturned ? part : text + part;
        isReturned = false;
      }
      while (text.length > MAX_LINE) {
        const rest = text.slice(MAX_LINE);
        text = text.slice(0, MAX_LINE);
        close();
        text = rest;
      }
      if (end === '\r') isReturned = true;
      else if (end) close();
    }
    const lines = new Map(this.#lines);
    lines.delete(key);
    if (text) lines.set(key, { seq, time, kind, rank, text, isReturned });
    return { complete, open: new OpenLines(lines) };
  }
}

/** What a log shows of events that are not output; nothing of those that have a place of their own. */
const sentence = (event: RunEvent): LogLine | null => {
  const { seq, time } = event;
  if (event.type === 'notice') {
    const text = event.message.replace(/\s*\n\s*/g, ' ');
    return { seq, time, kind: event.level, rank: null, text };
  }
  if (event.type === 'gap') {
    const text = `Events ${event.first} to ${event.last} are gone. ${event.reason}`;
    return { seq, time, kind: 'gap', rank: null, text };
  }
  if (event.type === 'status') {
    return { seq, time, kind: 'state', rank: null, text: [event.state, event.reason].filter(Boolean).join(' · ') };
  }
  return null;
};
