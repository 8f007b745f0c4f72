import type { EventOf, LogLine, RunEvent } from '@bottega/schema';
import type { StatementSync } from 'node:sqlite';
import { firstPlace, LineCutter, sourceOf, type LinePlace } from './line-cutter.js';

/** What reads a ledger: the agent's one, or a search that has it open for reading only. */
export interface Reader {
  statement(sql: string): StatementSync;
}

type Row = Record<string, string | number | null>;

/** What is to be done with an output event whose first text is on a line: read it, pass it over, or read no further. */
export type Select = (event: EventOf<'output'>, line: number) => 'read' | 'pass' | 'stop';

const BY_NUMBER = `SELECT seq, line, length, start FROM output_lines
  WHERE run = ? AND line <= ? ORDER BY line DESC, seq DESC LIMIT 1`;
const OUTPUT = `SELECT l.seq, l.line, l.length, l.is_returned, l.start, e.body FROM output_lines l
  JOIN events e ON e.run = l.run AND e.seq = l.seq WHERE l.run = ? AND l.seq >= ? ORDER BY l.seq`;
const CAUGHT_UP_AT_ONCE = 2_000;

/**
 * Which line each output event begins with: `output_lines` has its number, how much of that line is written already,
 * and the event from which on the line can be read; `line_places` has where the next output of a run goes. Both are
 * written together with the events.
 */
export class LineIndex {
  constructor(private readonly reader: Reader) {}

  /** Lines there are now, the open one included. */
  total(run: string): number {
    const { line, source } = this.place(run).place;
    return source === null ? line - 1 : line;
  }

  /** Takes events that were written after number `before`. For a transaction of the caller. */
  extend(run: string, before: number, events: RunEvent[]): void {
    while (this.catchUp(run, before));
    if (events.length) this.add(run, this.place(run).place, events);
  }

  /** Takes some events that a Bottega without this index has written; true while there are more. Also for a transaction. */
  catchUp(run: string, lastSeq: number): boolean {
    const { seq, place } = this.place(run);
    if (seq >= lastSeq) return false;
    const rows = this.reader
      .statement('SELECT body FROM events WHERE run = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?')
      .all(run, seq, lastSeq, CAUGHT_UP_AT_ONCE) as Row[];
    if (!rows.length) return false;
    this.add(
      run,
      place,
      rows.map(({ body }) => JSON.parse(body as string) as RunEvent)
    );
    return true;
  }

  isBehind(run: string, lastSeq: number): boolean {
    return this.place(run).seq < lastSeq;
  }

  /**
   * Gives lines from a number on, in order, until `take` answers false. The last one may still be open. A whole rank or
   * stream can be passed over: no other writes on its lines.
   */
  read(run: string, from: number, take: (line: LogLine) => boolean, select: Select = () => 'read'): void {
    const row = this.reader.statement(BY_NUMBER).get(run, from) as Row | undefined;
    if (!row) return;
    const goesOn = row['line'] === from && row['length'] !== 0;
    let isWanted = true;
    const cutter = new LineCutter(firstPlace(), line => {
      if (isWanted && line.number >= from) isWanted = take(line);
    });
    const selectWanted: Select = (event, line) => {
      const what = isWanted ? select(event, line) : 'stop';
      if (what === 'stop') isWanted = false;
      return what;
    };
    for (let next: number | null = (goesOn ? row['start'] : row['seq']) as number; next !== null && isWanted;) {
      next = this.readFrom(run, next, cutter, selectWanted);
    }
    if (isWanted) cutter.showOpen();
  }

  /** The number of the line that the first output event from `seq` to `last` begins or goes on with. */
  lineAt(run: string, seq: number, last: number): number | null {
    const row = this.reader
      .statement('SELECT line FROM output_lines WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1')
      .get(run, seq, last);
    return (row?.['line'] as number | undefined) ?? null;
  }

  /** The event with which the last so many lines begin. */
  tailStart(run: string, lines: number): number {
    const row = this.reader.statement(BY_NUMBER).get(run, this.total(run) - lines + 1);
    return (row?.['seq'] as number | undefined) ?? 1;
  }

  /** Before the events themselves are deleted, up to the one before `seq`. */
  delete(run: string, seq: number): void {
    this.reader.statement('DELETE FROM output_lines WHERE run = ? AND seq < ?').run(run, seq);
    this.reader.statement('DELETE FROM line_places WHERE run = ?').run(run);
  }

  /** Answers where to go on when the open line has been written anew so often that the rest need not be read. */
  private readFrom(run: string, seq: number, cutter: LineCutter, select: Select): number | null {
    for (const row of this.reader.statement(OUTPUT).iterate(run, seq) as Iterable<Row>) {
      const event = JSON.parse(row['body'] as string) as EventOf<'output'>;
      if (row['length'] === 0) cutter.interrupt();
      const what = select(event, row['line'] as number);
      if (what === 'stop') return null;
      if (what === 'pass') continue;
      cutter.place = { ...placeOf(row), source: row['length'] === 0 ? null : sourceOf(event) };
      cutter.take(event);
      const { source, line } = cutter.place;
      if (source !== null && line === row['line']) {
        const last = this.reader.statement(BY_NUMBER).get(run, line);
        if (last?.['line'] === line && (last['start'] as number) > event.seq) return last['start'] as number;
      }
    }
    return null;
  }

  private add(run: string, place: LinePlace, events: RunEvent[]): void {
    const cutter = new LineCutter(place);
    const insert = this.reader.statement('INSERT INTO output_lines VALUES (?, ?, ?, ?, ?, ?)');
    let seq = 0;
    for (const event of events) {
      seq = event.type === 'gap' ? Math.max(event.seq, event.last) : event.seq;
      if (event.type === 'gap') cutter.interrupt();
      if (event.type !== 'output' || !event.text) continue;
      const { line, length, isReturned, start } = cutter.take(event);
      insert.run(run, event.seq, line, length, Number(isReturned), start);
    }
    const { line, source, length, isReturned, start } = cutter.place;
    this.reader
      .statement('INSERT OR REPLACE INTO line_places VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(run, seq, line, source, length, Number(isReturned), start);
  }

  private place(run: string): { seq: number; place: LinePlace } {
    const row = this.reader.statement('SELECT * FROM line_places WHERE run = ?').get(run) as Row | undefined;
    if (!row) return { seq: 0, place: firstPlace() };
    return { seq: row['seq'] as number, place: { ...placeOf(row), source: row['source'] as string | null } };
  }
}

const placeOf = (row: Row): LinePlace => ({
  line: row['line'] as number,
  source: null,
  length: row['length'] as number,
  isReturned: row['is_returned'] === 1,
  start: row['start'] as number
});
