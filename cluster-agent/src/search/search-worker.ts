import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorBody, SearchPage, SearchQuery } from '@bottega/schema';
import { statementsOf } from '../ledger/statements.js';
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
  try {
    return { page: searchLines({ statement: statementsOf(database) }, run, query, performance.now() + pageMs) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { error: { code: 'invalid_request', message: `${error.message}.` } };
  } finally {
    database.close();
  }
};

parentPort?.postMessage(answer(workerData as SearchTask));
