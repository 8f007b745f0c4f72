import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { BottegaError } from '../errors/index.js';
import { noSpace, openDatabase, transaction } from './database.js';
import { SpareSpace } from './spare-space.js';
import { statementsOf } from './statements.js';

/**
 * The ledger's file. On a full disk what is new is refused with no_space, and what becomes of things that are here
 * already is still written, into the spare space.
 */
export class LedgerFile {
  private readonly database: DatabaseSync;
  private readonly spare: SpareSpace;
  readonly statement: (sql: string) => StatementSync;

  constructor(private readonly path: string) {
    this.database = openDatabase(path);
    this.statement = statementsOf(this.database);
    this.spare = new SpareSpace(`${path}-spare`);
    this.spare.keep();
  }

  writeNew<T>(work: () => T): T {
    if (!this.spare.keep()) throw noSpace();
    return transaction(this.database, work);
  }

  write<T>(work: () => T): T {
    try {
      return transaction(this.database, work);
    } catch (error) {
      if (!(error instanceof BottegaError) || error.code !== 'no_space') throw error;
      this.spare.give();
      return transaction(this.database, work);
    }
  }

  /** Gives some pages that are free back to the disk; true while there may be more. */
  shrink(pages: number): boolean {
    const free = (): number =>
      (this.statement('PRAGMA freelist_count').get() as { freelist_count: number }).freelist_count;
    if (free() === 0) return false;
    this.database.exec(`PRAGMA incremental_vacuum(${pages})`);
    return free() > 0;
  }

  /** With what is still to be brought into the main file. */
  sizeBytes(): number {
    const sizes = ['', '-wal', '-shm', '-spare'].map(end => statSync(this.path + end, { throwIfNoEntry: false })?.size);
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  close(): void {
    this.database.close();
  }
}
