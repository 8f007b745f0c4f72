import { activeStates, endedStates, type RunState } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { LedgerFile } from './ledger-file.js';

export interface RunFilter {
  limit: number;
  /** `next` of the page before. */
  before?: string;
  cluster?: string;
  /** Part of the name or the id. */
  text?: string;
  state?: RunState | 'active' | 'ended';
  /** The project folder. */
  folder?: string;
  /** The config file, relative to the folder. */
  configPath?: string;
}

/** The inner query reads nothing but the index `runs_listed`; only the records of the page itself are then read. */
const PAGE = `SELECT runs.id, runs.created, runs.record FROM (
    SELECT id FROM runs INDEXED BY runs_listed
    WHERE (created, id) < (?1, ?2) AND (?3 IS NULL OR cluster = ?3)
      AND (?4 IS NULL OR instr(lower(name), lower(?4)) OR instr(id, lower(?4)))
      AND (?5 IS NULL OR instr(?5, ',' || state || ','))
      AND (?6 IS NULL OR folder = ?6) AND (?7 IS NULL OR config_path = ?7)
    ORDER BY created DESC, id DESC LIMIT ?8
  ) AS page JOIN runs USING (id) ORDER BY runs.created DESC, runs.id DESC`;

/** Newest first, as JSON texts: what only passes them on need not read them. */
export const listRuns = (file: LedgerFile, filter: RunFilter): { texts: string[]; next: string | null } => {
  const { limit, before, cluster, text, state, folder, configPath } = filter;
  const [created, id] = before ? cursorOf(before) : [Number.MAX_VALUE, ''];
  const wanted = [cluster ?? null, text || null, state ? statesOf(state) : null, folder ?? null, configPath ?? null];
  const rows = file.statement(PAGE).all(created, id, ...wanted, limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last ? `${last['created'] as number}/${last['id'] as string}` : null;
  return { texts: page.map(row => row['record'] as string), next };
};

const statesOf = (state: RunState | 'active' | 'ended'): string => {
  const states = state === 'active' ? activeStates : state === 'ended' ? endedStates : [state];
  return `,${states.join(',')},`;
};

const cursorOf = (text: string): [created: number, id: string] => {
  const [created, id] = text.split('/');
  if (!id || !Number.isFinite(Number(created))) throw new BottegaError('invalid_request', `${text} is not a page.`);
  return [Number(created), id];
};
