import type { EventOf, RunEvent } from '@bottega/schema';
import type { LedgerFile } from './ledger-file.js';

/** Of these a log may have millions; every other type is in the index. */
const COMMON: readonly RunEvent['type'][] = ['output', 'metric'];
type CommonType = 'output' | 'metric';
export type RareType = Exclude<RunEvent['type'], CommonType>;

const INDEXED = `SELECT e.body FROM rare_events r JOIN events e ON e.run = r.run AND e.seq = r.seq
  WHERE r.run = ? AND r.type = ? ORDER BY r.seq`;
/** Logs that an older Bottega has begun: output is passed over where its lines are numbered. */
const SOUGHT = `SELECT body FROM events e WHERE run = ? AND NOT EXISTS
  (SELECT 1 FROM output_lines l WHERE l.run = e.run AND l.seq = e.seq) AND instr(body, ?) ORDER BY seq`;

/** Finds the few events of a type in a log of any length. Writing is for a transaction of the caller. */
export class RareEvents {
  constructor(private readonly file: LedgerFile) {}

  add(run: string, { seq, type }: RunEvent): void {
    // The first event says that the index of this log is complete.
    if (seq !== 1 && COMMON.includes(type)) return;
    this.file.statement('INSERT INTO rare_events (run, type, seq) VALUES (?, ?, ?)').run(run, type, seq);
  }

  /** All of a type, in order. */
  ofType<T extends RareType>(run: string, type: T): EventOf<T>[] {
    const rows = this.isComplete(run)
      ? this.file.statement(INDEXED).all(run, type)
      : this.file.statement(SOUGHT).all(run, `"type":"${type}"`);
    return rows
      .map(row => JSON.parse(row['body'] as string) as RunEvent)
      .filter((event): event is EventOf<T> => event.type === type);
  }

  /** Before the events themselves are deleted, up to the one before `seq`. */
  delete(run: string, seq: number): void {
    this.file.statement('DELETE FROM rare_events WHERE run = ? AND seq < ?').run(run, seq);
  }

  private isComplete(run: string): boolean {
    return this.file.statement('SELECT 1 FROM rare_events WHERE run = ? AND seq = 1').get(run) !== undefined;
  }
}
