import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { endedStates, type Run, type RunEvent, type RunPage } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import { noSpace, openDatabase, transaction } from './database.js';
import { SpareSpace } from './spare-space.js';

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

type Unnumbered<Event> = Event extends RunEvent ? Omit<Event, 'seq' | 'time'> : never;
/** An event that the agent itself has to tell. */
export type OwnEvent = Unnumbered<RunEvent>;

/**
 * The truth about runs and clusters, and the agent's copy of every event log. On a full disk what is new is refused
 * with no_space, and what becomes of things that are here already is still written, into the spare space.
 */
export class Ledger {
  private readonly database: DatabaseSync;
  private readonly spare: SpareSpace;
  private readonly statements = new Map<string, StatementSync>();

  constructor(
    path: string,
    private readonly fold: Fold
  ) {
    this.database = openDatabase(path);
    this.spare = new SpareSpace(`${path}-spare`);
    this.spare.keep();
  }

  /** Writes a new run. `request` is what was asked for: the same id may come again only with the same request. */
  addRun(run: Run, request: string): Run {
    return this.writeNew(() => {
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
    return this.write(() => this.saveRun({ ...this.run(id), ...change }));
  }

  /** A run is gone for the person; `deletions` remembers it until its cluster has been told. */
  deleteRun(cluster: string, id: string): void {
    this.write(() => {
      this.statement('INSERT OR IGNORE INTO deletions (cluster, run) VALUES (?, ?)').run(cluster, id);
      this.statement('DELETE FROM runs WHERE id = ?').run(id);
    });
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
    return this.writeNew(() => this.insertEvents(id, events));
  }

  /** Appends what the agent itself has to tell about a run that no engine tells about. */
  appendOwn(id: string, event: OwnEvent): Run {
    return this.write(() => {
      const seq = this.run(id).last_seq + 1;
      return this.insertEvents(id, [{ ...event, seq, time: Date.now() } as RunEvent]);
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

  deletions(cluster: string): string[] {
    return this.statement('SELECT run FROM deletions WHERE cluster = ?')
      .all(cluster)
      .map(row => row['run'] as string);
  }

  removeDeletion(cluster: string, run: string): void {
    this.write(() => this.statement('DELETE FROM deletions WHERE cluster = ? AND run = ?').run(cluster, run));
  }

  loadClusters(): { name: string; body: string }[] {
    return this.statement('SELECT name, body FROM clusters ORDER BY name').all() as { name: string; body: string }[];
  }

  /** Writes a cluster that is to be started. */
  addCluster(name: string, body: string): void {
    this.writeNew(() => this.upsertCluster(name, body));
  }

  saveCluster(name: string, body: string): void {
    this.write(() => this.upsertCluster(name, body));
  }

  deleteCluster(name: string): void {
    this.write(() => this.statement('DELETE FROM clusters WHERE name = ?').run(name));
  }

  /** When the run that ended last on a cluster did; 0 when none has. */
  lastEnd(cluster: string): number {
    const row = this.statement("SELECT MAX(json_extract(record, '$.ended')) AS ended FROM runs WHERE cluster = ?").get(
      cluster
    );
    return (row?.['ended'] as number | null | undefined) ?? 0;
  }

  close(): void {
    this.database.close();
  }

  private writeNew<T>(work: () => T): T {
    if (!this.spare.keep()) throw noSpace();
    return transaction(this.database, work);
  }

  private write<T>(work: () => T): T {
    try {
      return transaction(this.database, work);
    } catch (error) {
      if (!(error instanceof BottegaError) || error.code !== 'no_space') throw error;
      this.spare.give();
      return transaction(this.database, work);
    }
  }

  private insertEvents(id: string, events: RunEvent[]): Run {
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
  }

  private upsertCluster(name: string, body: string): void {
    const upsert = 'INSERT INTO clusters (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2';
    this.statement(upsert).run(name, body);
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
