import {
  activeStates,
  type EventOf,
  type LinePage,
  type LogLine,
  type Run,
  type RunEvent,
  type RunPage
} from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import { EventTable, type EventBytes, type Fold } from './event-table.js';
import { LedgerFile } from './ledger-file.js';
import type { RareType } from './rare-events.js';
import { listRuns, type RunFilter } from './run-list.js';

type Unnumbered<Event> = Event extends RunEvent ? Omit<Event, 'seq' | 'time'> : never;
/** An event that the agent itself has to tell. */
export type OwnEvent = Unnumbered<RunEvent>;

/** Events of the run of this id. */
export type EventBatch = [id: string, events: RunEvent[]];

/** What a clean-up has to know of a run. */
export interface RunSummary {
  id: string;
  name: string;
  cluster: string;
  created: number;
  /** Null while it goes on. */
  ended: number | null;
  isKept: boolean;
  /** The run it branched from. */
  origin: string | null;
}

/** As the partial index `runs_open` has it, to the letter. */
const OPEN = `state IN (${activeStates.map(state => `'${state}'`).join(', ')})`;
const SWEPT_AT_ONCE = 500;
/** What a line has around its text in JSON. */
const LINE_BYTES = 100;
const PAGES_AT_ONCE = 256;

/** The truth about runs and clusters, and the agent's copy of every event log. */
export class Ledger {
  private readonly file: LedgerFile;
  private readonly eventTable: EventTable;

  constructor(path: string, fold: Fold) {
    this.file = new LedgerFile(path);
    this.eventTable = new EventTable(this.file, fold);
  }

  /** Writes a new run. `request` is what was asked for: the same id may come again only with the same request. */
  addRun(run: Run, request: string): Run {
    return this.file.writeNew(() => {
      const existing = this.findRequested(run.id, request);
      if (existing) return existing;
      while (this.sweepSlice(run.id));
      this.file
        .statement('INSERT INTO runs (id, created, cluster, state, name, request, record) VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(run.id, run.created, run.cluster, run.state, run.name, request, JSON.stringify(run));
      return run;
    });
  }

  /** The run of this id when it came from the same request, null when there is none. Throws conflict otherwise. */
  findRequested(id: string, request: string): Run | null {
    const existing = this.file.statement('SELECT request, record FROM runs WHERE id = ?').get(id);
    if (!existing) return null;
    if (existing['request'] === request) return JSON.parse(existing['record'] as string) as Run;
    throw new BottegaError('conflict', `There is a run ${id} already, and it is a different one.`, {
      hint: 'Make a new id for a new run.'
    });
  }

  /**
   * The run before this one that began, from the same folder and config file; of the same name where the config came from
   * no file.
   */
  previousStarted({ id, created, folder, config_path: path, name }: Run): Run | null {
    const rows = this.file
      .statement(
        `SELECT id FROM runs INDEXED BY runs_listed WHERE (created, id) < (?1, ?2) AND folder = ?3
         AND config_path IS ?4 AND (?4 IS NOT NULL OR name = ?5) ORDER BY created DESC, id DESC`
      )
      .iterate(created, id, folder, path, name);
    for (const row of rows) {
      const run = this.run(row['id'] as string);
      if (run.started !== null) return run;
    }
    return null;
  }

  /** All events of one type, in order. */
  eventsOfType<T extends RareType>(id: string, type: T): EventOf<T>[] {
    return this.eventTable.rare.ofType(id, type);
  }

  findRun(id: string): Run | null {
    const row = this.file.statement('SELECT record FROM runs WHERE id = ?').get(id);
    return row ? (JSON.parse(row['record'] as string) as Run) : null;
  }

  /** Throws not_found. */
  run(id: string): Run {
    const run = this.findRun(id);
    if (!run) throw new BottegaError('not_found', `There is no run ${id}.`);
    return run;
  }

  /** The number of the newest event, 0 when there is none. */
  lastSeq(id: string): number {
    const row = this.file.statement(`SELECT json_extract(record, '$.last_seq') AS seq FROM runs WHERE id = ?`).get(id);
    return (row?.['seq'] as number | undefined) ?? 0;
  }

  /** Changes what is not a fold over events: the tree of a pending run, a reason for its wait. */
  updateRun(
    id: string,
    change: Partial<Pick<Run, 'tree' | 'branch_of' | 'reason' | 'state' | 'ended' | 'is_kept'>>
  ): Run {
    return this.file.write(() => this.saveRun({ ...this.run(id), ...change }));
  }

  /**
   * A run is gone for the person; `deletions` remembers it until its cluster has been told, and `sweeps` until its events
   * are deleted as well, see `sweep`.
   */
  deleteRun(cluster: string, id: string): void {
    this.file.write(() => {
      this.file.statement('INSERT OR IGNORE INTO deletions (cluster, run) VALUES (?, ?)').run(cluster, id);
      this.file.statement('INSERT OR IGNORE INTO sweeps (run) VALUES (?)').run(id);
      this.file.statement('DELETE FROM runs WHERE id = ?').run(id);
    });
  }

  /** Deletes some of what deleted runs left, and makes the file smaller; true while there is more to do. */
  sweep(): boolean {
    const next = this.file.statement('SELECT run FROM sweeps LIMIT 1').get();
    if (!next) return this.file.shrink(PAGES_AT_ONCE);
    this.file.write(() => this.sweepSlice(next['run'] as string));
    return true;
  }

  /** Newest first. */
  runs(filter: RunFilter): RunPage {
    const { texts, next } = listRuns(this.file, filter);
    return { runs: texts.map(text => JSON.parse(text) as Run), next };
  }

  /** The same with the records as JSON texts: what only passes them on need not read them. */
  runTexts(filter: RunFilter): { texts: string[]; next: string | null } {
    return listRuns(this.file, filter);
  }

  /** All runs, newest first. */
  summaries(): RunSummary[] {
    const columns = 'id, name, cluster, created, ended, is_kept, origin';
    return this.file
      .statement(`SELECT ${columns} FROM runs INDEXED BY runs_listed ORDER BY created DESC, id DESC`)
      .all()
      .map(({ is_kept: isKept, ...row }) => ({ ...row, isKept: isKept === 1 }) as unknown as RunSummary);
  }

  countRuns(): number {
    return (this.file.statement('SELECT count(*) AS runs FROM runs').get() as { runs: number }).runs;
  }

  sizeBytes(): number {
    return this.file.sizeBytes();
  }

  /** Runs that have not ended, oldest first. */
  activeRuns(cluster?: string): Run[] {
    return this.file
      .statement(`SELECT record FROM runs WHERE ${OPEN} AND (?1 IS NULL OR cluster = ?1) ORDER BY created`)
      .all(cluster ?? null)
      .map(row => JSON.parse(row['record'] as string) as Run);
  }

  countActive(cluster: string): number {
    const counted = this.file.statement(`SELECT count(*) AS runs FROM runs WHERE ${OPEN} AND cluster = ?`).get(cluster);
    return (counted as { runs: number }).runs;
  }

  /**
   * Appends events that follow the last ones of their runs, together with the changed run records: all or nothing. Events
   * the ledger has already are passed over; a hole is refused, so that the mirror asks again instead of losing numbers.
   */
  appendEvents(...batches: EventBatch[]): Run[] {
    return this.file.writeNew(() => batches.map(([id, events]) => this.insertEvents(id, events)));
  }

  /** Appends what the agent itself has to tell about a run that no engine tells about. */
  appendOwn(id: string, event: OwnEvent): Run {
    return this.file.write(() => {
      const seq = this.run(id).last_seq + 1;
      return this.insertEvents(id, [{ ...event, seq, time: Date.now() } as RunEvent]);
    });
  }

  /** Events from a number on, in order. */
  events(id: string, from: number, limit: number): RunEvent[] {
    return this.eventTable.read(id, from, limit);
  }

  /**
   * The same as JSON in UTF-8, as many as fit in `limitBytes`, and at least one if there is one: what only passes them on
   * need not read them.
   */
  eventBytes(id: string, from: number, limit: number, limitBytes: number): EventBytes {
    return this.eventTable.bytes(id, from, limit, limitBytes);
  }

  /** The same without output events before number `outputFrom`. */
  tailBytes(id: string, from: number, outputFrom: number, limit: number, limitBytes: number): EventBytes {
    return this.eventTable.bytesOfTail(id, from, outputFrom, limit, limitBytes);
  }

  /**
   * Numbers some more of the lines of a run that an older Bottega has written; true while there are more. Until then
   * what is said of its lines is not right.
   */
  numberLines(id: string): boolean {
    const lastSeq = this.lastSeq(id);
    if (!this.eventTable.lines.isBehind(id, lastSeq)) return false;
    return this.file.writeNew(() => this.eventTable.lines.catchUp(id, lastSeq));
  }

  /** Lines of the output from a number on, as many as fit in `limitBytes`, and at least one if there is one. */
  lines(id: string, from: number, limit: number, limitBytes: number): LinePage {
    const lines: LogLine[] = [];
    let sizeBytes = 0;
    this.eventTable.lines.read(id, from, line => {
      sizeBytes += Buffer.byteLength(line.text) + LINE_BYTES;
      if (lines.length && sizeBytes > limitBytes) return false;
      return lines.push(line) < limit;
    });
    return { lines, total: this.countLines(id) };
  }

  countLines(id: string): number {
    return this.eventTable.lines.total(id);
  }

  /** The number of the line with which the first output event from `seq` to `last` begins, or goes on. */
  lineAt(id: string, seq: number, last: number): number | null {
    return this.eventTable.lines.lineAt(id, seq, last);
  }

  /** The event with which the last so many lines begin. */
  tailStart(id: string, lines: number): number {
    return this.eventTable.lines.tailStart(id, lines);
  }

  deletions(cluster: string): string[] {
    return this.file
      .statement('SELECT run FROM deletions WHERE cluster = ?')
      .all(cluster)
      .map(row => row['run'] as string);
  }

  removeDeletion(cluster: string, run: string): void {
    this.file.write(() => this.file.statement('DELETE FROM deletions WHERE cluster = ? AND run = ?').run(cluster, run));
  }

  loadClusters(): { name: string; body: string }[] {
    return this.file.statement('SELECT name, body FROM clusters ORDER BY name').all() as {
      name: string;
      body: string;
    }[];
  }

  /** Writes a cluster that is to be started. */
  addCluster(name: string, body: string): void {
    this.file.writeNew(() => this.upsertCluster(name, body));
  }

  saveCluster(name: string, body: string): void {
    this.file.write(() => this.upsertCluster(name, body));
  }

  deleteCluster(name: string): void {
    this.file.write(() => this.file.statement('DELETE FROM clusters WHERE name = ?').run(name));
  }

  /** When the run that ended last on a cluster did; 0 when none has. */
  lastEnd(cluster: string): number {
    const row = this.file.statement('SELECT MAX(ended) AS ended FROM runs WHERE cluster = ?').get(cluster);
    return (row?.['ended'] as number | null | undefined) ?? 0;
  }

  close(): void {
    this.file.close();
  }

  private insertEvents(id: string, events: RunEvent[]): Run {
    return this.saveRun(this.eventTable.append(this.run(id), events));
  }

  /** True while the run has more. */
  private sweepSlice(id: string): boolean {
    if (this.eventTable.deleteFirst(id, SWEPT_AT_ONCE) === SWEPT_AT_ONCE) return true;
    this.file.statement('DELETE FROM sweeps WHERE run = ?').run(id);
    return false;
  }

  private upsertCluster(name: string, body: string): void {
    const upsert = 'INSERT INTO clusters (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2';
    this.file.statement(upsert).run(name, body);
  }

  private saveRun(run: Run): Run {
    this.file
      .statement('UPDATE runs SET state = ?, record = ? WHERE id = ?')
      .run(run.state, JSON.stringify(run), run.id);
    return run;
  }
}
