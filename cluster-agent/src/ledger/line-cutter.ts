import type { EventOf, LogLine } from '@bottega/schema';

/** A longer line goes on as a new one: no line has more bytes than an event. */
export const MOST_CHARACTERS = 16_384;

/** Where the next output goes. */
export interface LinePlace {
  /** The number of the open line, or of the next one. */
  line: number;
  /** Rank and stream whose text the open line has, null when no line is open. */
  source: string | null;
  /** Characters that the open line shows. */
  length: number;
  /** Whether the next text takes the place of what the open line shows. */
  isReturned: boolean;
  /** The event from which on the open line can be read. */
  start: number;
}

export const firstPlace = (): LinePlace => ({ line: 1, source: null, length: 0, isReturned: false, start: 0 });

export const sourceOf = ({ rank, stream }: EventOf<'output'>): string => `${rank} ${stream}`;

/** Cuts output events into lines, see `LogLine` in the schema. It changes the place that it was given. */
export class LineCutter {
  private text = '';
  /** Who writes now, and who wrote last on the open line. */
  private writer: Pick<LogLine, 'time' | 'rank' | 'stream'> = { time: 0, rank: 0, stream: 'stdout' };
  private written = this.writer;

  /** Without `onLine` lines are only counted. */
  constructor(
    public place: LinePlace,
    private readonly onLine?: (line: LogLine) => void
  ) {}

  /** Ends the open line, if there is one. */
  interrupt(): void {
    if (this.place.source !== null) this.endLine();
  }

  /** Takes an event that has text; answers the place where it begins. */
  take(event: EventOf<'output'>): LinePlace {
    const source = sourceOf(event);
    if (this.place.source !== source) this.interrupt();
    const { time, rank, stream, text } = event;
    const begin = { ...this.place, source, start: this.place.source === null ? event.seq : this.place.start };
    this.writer = { time, rank, stream };
    const hasReturns = text.includes('\r');
    for (let at = 0; at < text.length;) {
      const newline = text.indexOf('\n', at);
      const part = text.slice(at, newline < 0 ? text.length : newline);
      if (hasReturns) this.writeWithReturns(part, event.seq, source);
      else this.write(part, event.seq, source);
      if (newline < 0) break;
      this.written = this.writer;
      this.endLine();
      at = newline + 1;
    }
    return begin;
  }

  /** The open line as it is now. */
  showOpen(): void {
    if (this.place.source !== null) this.tell();
  }

  private writeWithReturns(text: string, seq: number, source: string): void {
    for (const [index, part] of text.split('\r').entries()) {
      if (index > 0 && this.place.source !== null) this.place.isReturned = true;
      this.write(part, seq, source);
    }
  }

  private write(text: string, seq: number, source: string): void {
    if (!text) return;
    const { place } = this;
    if (place.isReturned) this.clear();
    for (let rest = text; rest;) {
      if (place.length === MOST_CHARACTERS) this.endLine();
      this.written = this.writer;
      const part = rest.slice(0, MOST_CHARACTERS - place.length);
      if (this.onLine) this.text += part;
      if (!place.length) place.start = seq;
      place.length += part.length;
      place.source = source;
      rest = rest.slice(part.length);
    }
  }

  private endLine(): void {
    this.tell();
    this.clear();
    this.place.line += 1;
    this.place.source = null;
  }

  private clear(): void {
    this.text = '';
    this.place.length = 0;
    this.place.isReturned = false;
  }

  private tell(): void {
    this.onLine?.({ number: this.place.line, ...this.written, text: this.text });
  }
}
