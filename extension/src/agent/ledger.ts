import type { Client, ConnectionState, Disposable, LedgerMessage } from '@bottega/client';
import type { Cluster, Run } from '@bottega/schema';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

/** loading: nothing came yet. live: as the agent has it. reconnecting: what is shown is as old as `since`. */
export interface LedgerState {
  kind: 'loading' | 'live' | 'reconnecting';
  since: number;
}

export interface LedgerChange {
  /** The run or cluster that changed or went; neither is there when many did. */
  run?: string;
  cluster?: string;
  /** All of it came new, and older runs are no longer listed. */
  isAnew?: boolean;
}

const PAGE = 200;

/** Every cluster and the newest runs, as they change. Records are replaced, never changed in place. */
export class Ledger implements IDisposable {
  #clusters = new Map<string, Cluster>();
  /** All runs down to `#oldest`: a list without holes. */
  #runs = new Map<string, Run>();
  /** Runs that are older and known all the same: found by a filter, named as an origin, or still going. */
  #others = new Map<string, Run>();
  #oldest: Run | null = null;
  #sortedRuns: readonly Run[] | null = null;
  #state: LedgerState = { kind: 'loading', since: Date.now() };
  #older: 'unknown' | 'none' | { before: string } = 'unknown';
  readonly #changed = new Signal<this, LedgerChange>(this);
  readonly #stateChanged = new Signal<this, LedgerState>(this);
  readonly #subscriptions: Disposable[] = [];
  #isDisposed = false;

  constructor(readonly client: Client) {}

  /** Begins to follow the agent; the connection comes back by itself. */
  follow(): void {
    if (this.#subscriptions.length || this.#isDisposed) return;
    const stream = this.client.stream();
    this.#subscriptions.push(
      stream.followLedger(message => this.receive(message)),
      stream.watchState(state => this.#connection(state))
    );
  }

  get clusters(): readonly Cluster[] {
    return [...this.#clusters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Newest first. */
  get runs(): readonly Run[] {
    this.#sortedRuns ??= [...this.#runs.values()].sort(newestFirst);
    return this.#sortedRuns;
  }

  cluster(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  run(id: string): Run | undefined {
    return this.#runs.get(id) ?? this.#others.get(id);
  }

  /** A sentence with the names of runs in place of their ids, as far as they are known. */
  withNames(sentence: string): string {
    return sentence.replace(/[a-z0-9][a-z0-9-]{5,63}/g, id => this.run(id)?.name ?? id);
  }

  get state(): LedgerState {
    return this.#state;
  }

  get changed(): ISignal<this, LedgerChange> {
    return this.#changed;
  }

  get stateChanged(): ISignal<this, LedgerState> {
    return this.#stateChanged;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Whether the agent may have runs that are older than the oldest one here. */
  get hasOlderRuns(): boolean {
    return this.#older !== 'none' && this.#runs.size > 0;
  }

  /** Fetches the page of runs before the oldest one here. */
  async loadOlderRuns(): Promise<void> {
    if (this.#older === 'none') return;
    let before = this.#older === 'unknown' ? undefined : this.#older.before;
    // Where the first page ends is not known to the stream, so pages are read until one brings something new.
    for (;;) {
      const page = await this.client.runs({ limit: PAGE, ...(before === undefined ? {} : { before }) });
      const sizeBefore = this.#runs.size;
      for (const run of page.runs) this.#list(run);
      this.#older = page.next === null ? 'none' : { before: page.next };
      if (this.#runs.size > sizeBefore || page.next === null) break;
      before = page.next;
    }
    this.#sortedRuns = null;
    this.#changed.emit({});
  }

  /** Knows these records from now on, wherever they came from; `runs` lists them when it has reached them. */
  remember(runs: readonly Run[]): void {
    for (const run of runs) {
      const known = this.run(run.id);
      if (!known) this.#others.set(run.id, run);
    }
  }

  /** Takes in what an answer of the agent says, before the stream does. */
  put(record: { run: Run } | { cluster: Cluster }): void {
    if ('run' in record) {
      const known = this.#runs.get(record.run.id);
      if (!known || known.last_seq <= record.run.last_seq) this.receive({ type: 'run', run: record.run });
    } else {
      const known = this.#clusters.get(record.cluster.name);
      if (!known || known.observed <= record.cluster.observed) {
        this.receive({ type: 'cluster', cluster: record.cluster });
      }
    }
  }

  receive(message: LedgerMessage): void {
    if (this.#isDisposed) return;
    this.#apply(message);
    if (message.type === 'ledger') this.#setState('live');
    this.#changed.emit(changeOf(message));
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const subscription of this.#subscriptions) subscription.dispose();
    Signal.clearData(this);
  }

  #apply(message: LedgerMessage): void {
    switch (message.type) {
      case 'ledger':
        this.#clusters = new Map(message.clusters.map(cluster => [cluster.name, cluster]));
        this.#runs = new Map(message.runs.map(run => [run.id, run]));
        this.#others.clear();
        this.#oldest = [...message.runs].sort(newestFirst).at(-1) ?? null;
        this.#older = 'unknown';
        break;
      case 'run':
        this.#take(message.run);
        return;
      case 'run_deleted':
        this.#runs.delete(message.id);
        this.#others.delete(message.id);
        break;
      case 'cluster':
        this.#clusters.set(message.cluster.name, message.cluster);
        break;
      case 'cluster_deleted':
        this.#clusters.delete(message.name);
        break;
    }
    if (message.type !== 'cluster' && message.type !== 'cluster_deleted') this.#sortedRuns = null;
  }

  #take(run: Run): void {
    const isListed = this.#runs.has(run.id) || this.#older === 'none' || !this.#oldest;
    if (!isListed && newestFirst(run, this.#oldest!) > 0) {
      this.#others.set(run.id, run);
      return;
    }
    const at = this.#runs.has(run.id) ? (this.#sortedRuns?.findIndex(({ id }) => id === run.id) ?? -1) : -1;
    this.#runs.set(run.id, run);
    // A run goes on many times for each time that one begins, and sorting ten thousand takes a while.
    this.#sortedRuns = at < 0 ? null : this.#sortedRuns!.with(at, run);
  }

  /** Takes a run of the page that follows the list. What is known of it is as new as the stream. */
  #list(run: Run): void {
    if (this.#runs.has(run.id)) return;
    this.#runs.set(run.id, this.#others.get(run.id) ?? run);
    this.#others.delete(run.id);
    this.#oldest = run;
  }

  #connection({ isConnected, since }: ConnectionState): void {
    // Connected is not live yet: the ledger that follows is.
    if (!isConnected && this.#state.kind === 'live') this.#setState('reconnecting', since);
  }

  #setState(kind: LedgerState['kind'], since = Date.now()): void {
    if (this.#state.kind === kind) return;
    this.#state = { kind, since };
    this.#stateChanged.emit(this.#state);
  }
}

/** The order of the list of runs. */
export const newestFirst = (a: Run, b: Run): number => b.created - a.created || (a.id < b.id ? 1 : -1);

const changeOf = (message: LedgerMessage): LedgerChange => {
  switch (message.type) {
    case 'ledger':
      return { isAnew: true };
    case 'run':
      return { run: message.run.id };
    case 'run_deleted':
      return { run: message.id };
    case 'cluster':
      return { cluster: message.cluster.name };
    case 'cluster_deleted':
      return { cluster: message.name };
  }
};
