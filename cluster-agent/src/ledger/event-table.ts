import type { Run, RunEvent } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { LedgerFile } from './ledger-file.js';

/** How events change a run record; the ledger writes both in one transaction. */
export type Fold = (run: Run, event: RunEvent) => Run;

/** The agent's copy of every event log. Writing is for a transaction of the caller. */
export class EventTable {
  constructor(
    private readonly file: LedgerFile,
    private readonly fold: Fold
  ) {}

  /** The run after these events, which follow its last one. Events it has already are passed over; a hole throws. */
  append(run: Run, events: RunEvent[]): Run {
    const insert = this.file.statement('INSERT INTO events (run, seq, body) VALUES (?, ?, ?)');
    for (const event of events) {
      if (event.seq <= run.last_seq) continue;
      if (event.seq !== run.last_seq + 1) {
        const expected = run.last_seq + 1;
        throw new BottegaError('internal', `Event ${event.seq} of run ${run.id} came where ${expected} was expected.`);
      }
      insert.run(run.id, event.seq, JSON.stringify(event));
      run = this.fold(run, event);
    }
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
  texts(id: string, from: number, limit: number, limitBytes: number): { texts: string[]; next: number } {
    const texts: string[] = [];
    let sizeBytes = 0;
    let next = from;
    const rows = this.file.statement('SELECT seq, body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?');
    for (const row of rows.iterate(id, from, limit)) {
      const body = row['body'] as string;
      sizeBytes += Buffer.byteLength(body) + 1;
      if (texts.length && sizeBytes > limitBytes) break;
      texts.push(body);
      next = (row['seq'] as number) + 1;
    }
    return { texts, next };
  }

  /** Deletes the first so many events of a run; answers how many there were. */
  deleteFirst(id: string, limit: number): number {
    const last = 'SELECT seq FROM events WHERE run = ?1 ORDER BY seq LIMIT 1 OFFSET ?2';
    const { changes } = this.file
      .statement(`DELETE FROM events WHERE run = ?1 AND seq < coalesce((${last}), 9e15)`)
      .run(id, limit);
    return Number(changes);
  }
}
