import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { BottegaError } from '../errors/index.js';

/** Each entry brings the ledger one version further; entries are never edited, only added. */
const MIGRATIONS = [
  `CREATE TABLE runs (
     id TEXT PRIMARY KEY, created REAL NOT NULL, cluster TEXT NOT NULL, state TEXT NOT NULL,
     name TEXT NOT NULL, request TEXT NOT NULL, record TEXT NOT NULL
   ) STRICT;
   CREATE INDEX runs_newest ON runs (created DESC, id DESC);
   CREATE INDEX runs_active ON runs (cluster, state);
   CREATE TABLE events (
     run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, seq INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (run, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE clusters (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
  `CREATE TABLE deletions (cluster TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY (cluster, run)) STRICT, WITHOUT ROWID;`,
  `UPDATE runs SET record = json_set(record, '$.branch_of', json('null'), '$.is_kept', json('false'),
     '$.start', json('null'), '$.queue', json('null'));`
];

/** Opens the ledger file (mode 0600), creating or migrating it. Throws version_mismatch for one from a newer Bottega. */
export const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path);
  chmodSync(path, 0o600);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
  database.exec('PRAGMA busy_timeout = 5000;');
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    database.close();
    throw new BottegaError('version_mismatch', `${path} was written by a newer Bottega.`, {
      hint: 'Update Bottega, or set BOTTEGA_HOME to another folder.'
    });
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    transaction(database, () => {
      database.exec(MIGRATIONS[next]!);
      database.exec(`PRAGMA user_version = ${next + 1}`);
    });
  }
  return database;
};

const SQLITE_FULL = 13;

/** All of the work or none of it. Throws no_space when the disk is full. */
export const transaction = <T>(database: DatabaseSync, work: () => T): T => {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw (error as { errcode?: number }).errcode === SQLITE_FULL ? noSpace(error) : error;
  }
};

export const noSpace = (cause?: unknown): BottegaError =>
  new BottegaError('no_space', 'There is no space left for the ledger.', {
    hint: 'Free some space on the disk of BOTTEGA_HOME.',
    cause
  });
