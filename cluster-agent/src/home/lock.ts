import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/**
 * At most one agent for a home. The lock is SQLite's exclusive lock on a file of its own: the kernel takes it back
 * whatever way the process ends, so a lock is never stale.
 */
export class HomeLock {
  private constructor(private readonly database: DatabaseSync) {}

  /** The lock, or null while another process holds it. */
  static take(path: string): HomeLock | null {
    const database = new DatabaseSync(path);
    chmodSync(path, 0o600);
    try {
      database.exec('BEGIN EXCLUSIVE');
      return new HomeLock(database);
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
      throw error;
    }
  }

  release(): void {
    this.database.close();
  }
}
