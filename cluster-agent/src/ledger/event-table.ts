import type { Run, RunEvent } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { LedgerFile } from './ledger-file.js';
import { LineIndex } from './line-index.js';
import { RareEvents } from './rare-events.js';

/** How events change a run record; the ledger writes both in one transaction. */
export type Fold = (run: Run, event: RunEvent) => Run;

/** Events as JSON in UTF-8, and the number after the last one. */
export interface EventBytes {
  bodies: Uint8Array[];
  next: number;
}

/** JSON around events, which get commas between them. */
export const joinEvents = (before: string, bodies: Uint8Array[], after: string): Buffer => {
  const parts = bodies.flatMap((body, index) => (index ? [COMMA, body] : [body]));
  return Buffer.concat([Buffer.from(before), ...parts, Buffer.from(after)]);
};
const COMMA = Buffer.from(',');

const FROM = 'SELECT seq, CAST(body AS BLOB) AS body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?';
const WITHOUT_OLD_OUTPUT = `SELECT seq, CAST(body AS BLOB) AS body FROM events e
  WHERE run = ?1 AND seq >= ?2 AND (seq >= ?3 OR NOT EXISTS
    (SELECT 1 FROM output_lines l WHERE l.run = e.run AND l.seq = e.seq))
  ORDER BY seq LIMIT ?4`;

/** The agent's copy of every event log. Writing is for a transaction of the caller. */
export class EventTable {
  readonly lines: LineIndex;
  readonly rare: RareEvents;

  constructor(
    private readonly file: LedgerFile,
    private readonly fold: Fold
  ) {
    this.lines = new LineIndex(file);
    this.rare = new RareEvents(file);
  }

  /** The run after these events, which follow its last one. Events it has already are passed over; a hole throws. */
  append(run: Run, events: RunEvent[]): Run {
    const insert = this.file.statement('INSERT INTO events (run, seq, body) VALUES (?, ?, ?)');
    const before = run.last_seq;
    for (const event of events) {
      if (event.seq <= run.last_seq) continue;
      if (event.seq !== run.last_seq + 1) {
        const expected = run.last_seq + 1;
        throw new BottegaError('internal', `Event ${event.seq} of run ${run.id} came where ${expected} was expected.`);
      }
      insert.run(run.id, event.seq, JSON.stringify(event));
      this.rare.add(run.id, event);
      run = this.fold(run, event);
    }
    const fresh = events.filter(event => event.seq > before);
    this.lines.extend(run.id, before, fresh);
    return run;
  }

  /** Events from a number on, in order. */
  read(id: string, from: number, limit: number): RunEvent[] {
    return this.file
      .statement('SELECT body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?')
      .all(id, from, limit)
      .map(row => JSON.parse(row['body'] as string) as RunEvent);
  }

  /** The same as bytes, as many as fit in `limitBytes`, and at least one if there is one. */
  bytes(id: string, from: number, limit: number, limitBytes: number): EventBytes {
    return fitting(this.file.statement(FROM).iterate(id, from, limit), from, limitBytes);
  }

  /** The same without output events before number `outputFrom`. */
  bytesOfTail(id: string, from: number, outputFrom: number, limit: number, limitBytes: number): EventBytes {
    const rows = this.file.statement(WITHOUT_OLD_OUTPUT);
    return fitting(rows.iterate(id, from, outputFrom, limit), from, limitBytes);
  }

  /** Deletes the first so many events of a run; answers how many there were. */
  deleteFirst(id: string, limit: number): number {
    const row = this.file
      .statement('SELECT seq FROM events WHERE run = ? ORDER BY seq LIMIT 1 OFFSET ?')
      .get(id, limit);
    const end = (row?.['seq'] as number | undefined) ?? Number.MAX_SAFE_INTEGER;
    this.lines.delete(id, end);
    this.rare.delete(id, end);
    return Number(this.file.statement('DELETE FROM events WHERE run = ? AND seq < ?').run(id, end).changes);
  }
}

/** As many as fit, and at least one if there is one. */
const fitting = (rows: Iterable<Record<string, unknown>>, from: number, limitBytes: number): EventBytes => {
  const bodies: Uint8Array[] = [];
  let sizeBytes = 0;
  let next = from;
  for (const row of rows) {
    const body = row['body'] as Uint8Array;
    sizeBytes += body.length + 1;
    if (bodies.length && sizeBytes > limitBytes) break;
    bodies.push(body);
    next = (row['seq'] as number) + 1;
  }
  return { bodies, next };
};
