import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorBody, SearchPage, SearchQuery } from '@bottega/schema';
import { searchLines } from './line-search.js';

/** What a search is started with. */
export interface SearchTask {
  /** The file of the ledger. */
  path: string;
  run: string;
  query: SearchQuery;
  /** A page ends after so long, full or not. */
  pageMs: number;
}

export type SearchAnswer = { page: SearchPage } | { error: ErrorBody };

const answer = ({ path, run, query, pageMs }: SearchTask): SearchAnswer => {
  const database = new DatabaseSync(path, { readOnly: true });
  const statements = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const prepared = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  try {
    return { page: searchLines({ statement }, run, query, performance.now() + pageMs) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { error: { code: 'invalid_request', message: `${error.message}.` } };
  } finally {
    database.close();
  }
};

parentPort?.postMessage(answer(workerData as SearchTask));
