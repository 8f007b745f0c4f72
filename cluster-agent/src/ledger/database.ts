import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { BottegaError } from '../errors/index.js';

/** Each entry brings the ledger one version further; entries are never edited, only added. */
export const MIGRATIONS = [
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
     '$.start', json('null'), '$.queue', json('null'));`,
  // `runs_listed` answers every list and every clean-up without a look at the records, which are large.
  `ALTER TABLE runs ADD COLUMN ended REAL AS (json_extract(record, '$.ended')) VIRTUAL;
   ALTER TABLE runs ADD COLUMN is_kept INTEGER AS (json_extract(record, '$.is_kept')) VIRTUAL;
   ALTER TABLE runs ADD COLUMN origin TEXT AS (json_extract(record, '$.branch_of.run')) VIRTUAL;
   ALTER TABLE runs ADD COLUMN folder TEXT AS (json_extract(record, '$.folder')) VIRTUAL;
   ALTER TABLE runs ADD COLUMN config_path TEXT AS (json_extract(record, '$.config_path')) VIRTUAL;
   CREATE INDEX runs_listed ON runs
     (created DESC, id DESC, cluster, state, name, ended, is_kept, origin, folder, config_path);
   DROP INDEX runs_newest;
   DROP INDEX runs_active;
   CREATE INDEX runs_open ON runs (created) WHERE state IN ('pending', 'starting', 'running');
   CREATE INDEX runs_ended ON runs (cluster, ended);
   CREATE TABLE sweeps (run TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;`,
  // See LineIndex. Runs that are here already get theirs when somebody looks at their lines.
  `CREATE TABLE output_lines (
     run TEXT NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, length INTEGER NOT NULL,
     is_returned INTEGER NOT NULL, start INTEGER NOT NULL, PRIMARY KEY (run, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX output_lines_by_number ON output_lines (run, line);
   CREATE TABLE line_places (
     run TEXT PRIMARY KEY, seq INTEGER NOT NULL, line INTEGER NOT NULL, source TEXT, length INTEGER NOT NULL,
     is_returned INTEGER NOT NULL, start INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // See RareEvents. It has no logs that are here already.
  `CREATE TABLE rare_events (
     run TEXT NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (run, type, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rare_events_by_number ON rare_events (run, seq);`
];

const CACHE_KIB = 16 * 1024;
/** The write-ahead log is cut back to this after it had to grow. */
const LOG_BYTES = 16 * 1024 * 1024;

/** Opens the ledger file (mode 0600), creating or migrating it. Throws version_mismatch for one from a newer Bottega. */
export const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path);
  chmodSync(path, 0o600);
  // Only a new file takes the first of these at once. Without foreign keys, deleting a run with a million events leaves
  // them to be swept in slices.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000;');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA journal_size_limit = ${LOG_BYTES};`);
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
  letShrink(database);
  return database;
};

const INCREMENTAL = 2;

/** A file of an older version is written anew, once, so that it can give space back. Killed meanwhile, it is as it was. */
const letShrink = (database: DatabaseSync): void => {
  const { auto_vacuum: mode } = database.prepare('PRAGMA auto_vacuum').get() as { auto_vacuum: number };
  if (mode === INCREMENTAL) return;
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM;');
  } catch (error) {
    // There is no space for a second copy; it can be done another time.
    if ((error as { errcode?: number }).errcode !== SQLITE_FULL) throw error;
  }
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
