import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { endedStates, type Run, type RunEvent, type RunPage } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import { openDatabase, transaction } from './database.js';

export interface RunFilter {
  limit: number;
  /** `next` of the page before. */
  before?: string;
  cluster?: string;
  /** Part of the name or the id. */
  text?: string;
}

/** How events change a run record; the ledger writes both in one transaction. */
export type Fold = (run: Run, event: RunEvent) => Run;

/** The truth about runs and clusters, and the agent's copy of every event log. */
export class Ledger {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(
    path: string,
    private readonly fold: Fold
  ) {
    this.database = openDatabase(path);
  }

  /** Writes a new run. `request` is what was asked for: the same id may come again only with the same request. */
  addRun(run: Run, request: string): Run {
    return transaction(this.database, () => {
      const existing = this.findRequested(run.id, request);
      if (existing) return existing;
      this.statement(
        'INSERT INTO runs (id, created, cluster, state, name, request, record) VALUES (?, ?, ?, ?, ?, ?, ?)'
      ).run(run.id, run.created, run.cluster, run.state, run.name, request, JSON.stringify(run));
      return run;
    });
  }

  /** The run of this id when it came from the same request, null when there is none. Throws conflict otherwise. */
  findRequested(id: string, request: string): Run | null {
    const existing = this.statement('SELECT request, record FROM runs WHERE id = ?').get(id);
    if (!existing) return null;
    if (existing['request'] === request) return JSON.parse(existing['record'] as string) as Run;
    throw new BottegaError('conflict', `There is a run ${id} already, and it is a different one.`, {
      hint: 'Make a new id for a new run.'
    });
  }

  /** Throws not_found. */
  run(id: string): Run {
    const row = this.statement('SELECT record FROM runs WHERE id = ?').get(id);
    if (!row) throw new BottegaError('not_found', `There is no run ${id}.`);
    return JSON.parse(row['record'] as string) as Run;
  }

  /** Changes what is not a fold over events: the tree of a pending run, a reason for its wait. */
  updateRun(id: string, change: Partial<Pick<Run, 'tree' | 'reason' | 'state' | 'ended'>>): Run {
    return transaction(this.database, () => this.saveRun({ ...this.run(id), ...change }));
  }

  deleteRun(id: string): void {
    this.statement('DELETE FROM runs WHERE id = ?').run(id);
  }

  /** Newest first. */
  runs({ limit, before, cluster, text }: RunFilter): RunPage {
    const [created, id] = before ? cursorOf(before) : [Number.MAX_VALUE, ''];
    const rows = this.statement(
      `SELECT id, created, record FROM runs
       WHERE (created, id) < (?, ?) AND (?3 IS NULL OR cluster = ?3)
         AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(id, ?4))
       ORDER BY created DESC, id DESC LIMIT ?`
    ).all(created, id, cluster ?? null, text ? text.toLowerCase() : null, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? `${last['created'] as number}/${last['id'] as string}` : null;
    return { runs: page.map(row => JSON.parse(row['record'] as string) as Run), next };
  }

  /** Runs that have not ended, oldest first. */
  activeRuns(cluster?: string): Run[] {
    const ended = endedStates.map(state => `'${state}'`).join(', ');
    return this.statement(
      `SELECT record FROM runs WHERE state NOT IN (${ended}) AND (?1 IS NULL OR cluster = ?1) ORDER BY created`
    )
      .all(cluster ?? null)
      .map(row => JSON.parse(row['record'] as string) as Run);
  }

  /**
   * Appends events that follow the last one, together with the changed run record. Events the ledger has already are
   * passed over; a hole is refused, so that the mirror asks again instead of losing numbers.
   */
  appendEvents(id: string, events: RunEvent[]): Run {
    return transaction(this.database, () => {
      let run = this.run(id);
      const insert = this.statement('INSERT INTO events (run, seq, body) VALUES (?, ?, ?)');
      for (const event of events) {
        if (event.seq <= run.last_seq) continue;
        if (event.seq !== run.last_seq + 1) {
          const expected = run.last_seq + 1;
          throw new BottegaError('internal', `Event ${event.seq} of run ${id} came where ${expected} was expected.`);
        }
        insert.run(id, event.seq, JSON.stringify(event));
        run = this.fold(run, event);
      }
      return this.saveRun(run);
    });
  }

  /** Events from a number on, in order. */
  events(id: string, from: number, limit: number): RunEvent[] {
    return this.statement('SELECT body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?')
      .all(id, from, limit)
      .map(row => JSON.parse(row['body'] as string) as RunEvent);
  }

  /**
   * The same as JSON texts, as many as fit in `limitBytes`, and at least one if there is one: what only passes them on
   * need not read them.
   */
  eventTexts(id: string, from: number, limit: number, limitBytes: number): { texts: string[]; next: number } {
    const texts: string[] = [];
    let sizeBytes = 0;
    let next = from;
    const rows = this.statement('SELECT seq, body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?');
    for (const row of rows.iterate(id, from, limit)) {
      const body = row['body'] as string;
      sizeBytes += Buffer.byteLength(body) + 1;
      if (texts.length && sizeBytes > limitBytes) break;
      texts.push(body);
      next = (row['seq'] as number) + 1;
    }
    return { texts, next };
  }

  /** A run is gone for the person, and its cluster could not be told yet. */
  addDeletion(cluster: string, run: string): void {
    this.statement('INSERT OR IGNORE INTO deletions (cluster, run) VALUES (?, ?)').run(cluster, run);
  }

  deletions(cluster: string): string[] {
    return this.statement('SELECT run FROM deletions WHERE cluster = ?')
      .all(cluster)
      .map(row => row['run'] as string);
  }

  removeDeletion(cluster: string, run: string): void {
    this.statement('DELETE FROM deletions WHERE cluster = ? AND run = ?').run(cluster, run);
  }

  loadClusters(): { name: string; body: string }[] {
    return this.statement('SELECT name, body FROM clusters ORDER BY name').all() as { name: string; body: string }[];
  }

  saveCluster(name: string, body: string): void {
    const upsert = 'INSERT INTO clusters (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2';
    transaction(this.database, () => this.statement(upsert).run(name, body));
  }

  deleteCluster(name: string): void {
    this.statement('DELETE FROM clusters WHERE name = ?').run(name);
  }

  close(): void {
    this.database.close();
  }

  private saveRun(run: Run): Run {
    this.statement('UPDATE runs SET state = ?, record = ? WHERE id = ?').run(run.state, JSON.stringify(run), run.id);
    return run;
  }

  private statement(sql: string): StatementSync {
    const prepared = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, prepared);
    return prepared;
  }
}

const cursorOf = (text: string): [created: number, id: string] => {
  const [created, id] = text.split('/');
  if (!id || !Number.isFinite(Number(created))) throw new BottegaError('invalid_request', `${text} is not a page.`);
  return [Number(created), id];
};
