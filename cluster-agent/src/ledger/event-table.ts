import type { Run, RunEvent } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { LedgerFile } from './ledger-file.js';
import { LineIndex } from './line-index.js';

/** How events change a run record; the ledger writes both in one transaction. */
export type Fold = (run: Run, event: RunEvent) => Run;

/** Events as JSON, and the number after the last one. */
export interface EventTexts {
  texts: string[];
  next: number;
}

const WITHOUT_OLD_OUTPUT = `SELECT seq, body FROM events e WHERE run = ?1 AND seq >= ?2 AND (seq >= ?3 OR NOT EXISTS
  (SELECT 1 FROM output_lines l WHERE l.run = e.run AND l.seq = e.seq)) ORDER BY seq LIMIT ?4`;

/** The agent's copy of every event log. Writing is for a transaction of the caller. */
export class EventTable {
  readonly lines: LineIndex;

  constructor(
    private readonly file: LedgerFile,
    private readonly fold: Fold
  ) {
    this.lines = new LineIndex(file);
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

  /** The same as JSON texts, as many as fit in `limitBytes`, and at least one if there is one. */
  texts(id: string, from: number, limit: number, limitBytes: number): EventTexts {
    const rows = this.file.statement('SELECT seq, body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?');
    return fitting(rows.iterate(id, from, limit), from, limitBytes);
  }

  /** The same without output events before number `outputFrom`. */
  textsOfTail(id: string, from: number, outputFrom: number, limit: number, limitBytes: number): EventTexts {
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
    return Number(this.file.statement('DELETE FROM events WHERE run = ? AND seq < ?').run(id, end).changes);
  }
}

/** As many as fit, and at least one if there is one. */
const fitting = (rows: Iterable<Record<string, unknown>>, from: number, limitBytes: number): EventTexts => {
  const texts: string[] = [];
  let sizeBytes = 0;
  let next = from;
  for (const row of rows) {
    const body = row['body'] as string;
    sizeBytes += Buffer.byteLength(body) + 1;
    if (texts.length && sizeBytes > limitBytes) break;
    texts.push(body);
    next = (row['seq'] as number) + 1;
  }
  return { texts, next };
};
