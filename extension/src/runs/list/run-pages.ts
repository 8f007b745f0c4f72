import { BottegaError } from '@bottega/client';
import type { Run } from '@bottega/schema';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IBottega, LedgerChange } from '../../agent/index.js';
import { newestFirst } from '../../agent/ledger.js';
import { everyRun, isEveryRun, matches, queryOf, type RunFilter } from './run-filter.js';

const PAGE = 200;
/** People type a word in one go; asking for each letter would answer late. */
const PAUSE_MS = 150;

/** What the agent has found for a filter: the records so far, and where the next page begins. */
interface Found {
  runs: Run[];
  /** Undefined before the first page, null after the last. */
  next: string | null | undefined;
}

/**
 * The rows of the list, newest first, as many pages as were asked for. Without a filter they are those of the ledger;
 * with one, those that the agent found and those of the ledger that match, so that an answer is there at once.
 */
export class RunPages implements IDisposable {
  #filter = everyRun;
  #found: Found | null = null;
  #rows: readonly Run[] | null = null;
  #loading: object | null = null;
  #error: BottegaError | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = 0;
  /** So many rows there were before the ledger came anew. */
  #expected = 0;
  readonly #changed = new Signal<this, void>(this);
  #isDisposed = false;

  constructor(readonly bottega: Pick<IBottega, 'client' | 'ledger'>) {
    bottega.ledger.changed.connect(this.#onLedger, this);
  }

  get filter(): RunFilter {
    return this.#filter;
  }

  get rows(): readonly Run[] {
    this.#rows ??= this.#found ? this.#union(this.#found) : this.bottega.ledger.runs;
    this.#shown = this.#rows.length;
    return this.#rows;
  }

  /** Rows that are known to come and are not here yet. */
  get missing(): number {
    return this.hasMore ? Math.max(1, this.#expected - this.rows.length) : 0;
  }

  get hasMore(): boolean {
    return this.#found ? this.#found.next !== null : this.bottega.ledger.hasOlderRuns;
  }

  get isLoading(): boolean {
    return this.#loading !== null || this.#timer !== undefined;
  }

  /** Why the last page did not come; null when it did. */
  get error(): BottegaError | null {
    return this.#error;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  setFilter(filter: RunFilter): void {
    const isTyping = filter.text !== this.#filter.text;
    this.#filter = filter;
    this.#expected = this.#shown = 0;
    this.#search(isTyping ? PAUSE_MS : 0);
  }

  /** Reads the next page; one at a time. After an error only a person asks again. */
  async loadMore(): Promise<void> {
    if (this.isLoading || this.#error || !this.hasMore || this.bottega.ledger.state.kind !== 'live') return;
    const mine = (this.#loading = {});
    this.#emit();
    try {
      await (this.#found ? this.#findMore(this.#found) : this.bottega.ledger.loadOlderRuns());
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      if (this.#loading === mine) this.#error = error;
    }
    // Another filter may have come meanwhile, with a page of its own.
    if (this.#loading !== mine) return;
    this.#loading = null;
    this.#emit();
    if (this.rows.length >= this.#expected) this.#expected = 0;
  }

  retry(): void {
    this.#error = null;
    void this.loadMore();
    this.#emit();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.bottega.ledger.changed.disconnect(this.#onLedger, this);
    Signal.clearData(this);
  }

  #search(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#loading = null;
    this.#error = null;
    this.#found = isEveryRun(this.#filter) ? null : { runs: [], next: undefined };
    if (this.#found) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.loadMore();
      }, pauseMs);
    }
    this.#emit();
  }

  async #findMore(found: Found): Promise<void> {
    const before = typeof found.next === 'string' ? { before: found.next } : {};
    const page = await this.bottega.client.runs({ limit: PAGE, ...before, ...queryOf(this.#filter) });
    this.bottega.ledger.remember(page.runs);
    found.runs.push(...page.runs);
    found.next = page.next;
  }

  #union({ runs, next }: Found): readonly Run[] {
    const { ledger } = this.bottega;
    const ids = new Set(runs.map(run => run.id));
    // Beyond the last page that was found there may be more than the ledger has, so that it would show holes.
    const last = next === null ? undefined : runs.at(-1);
    for (const run of ledger.runs) if (!last || run.created >= last.created) ids.add(run.id);
    return [...ids]
      .flatMap(id => ledger.run(id) ?? [])
      .filter(run => matches(run, this.#filter))
      .sort(newestFirst);
  }

  #onLedger(_: unknown, { cluster, isAnew }: LedgerChange): void {
    if (cluster !== undefined) return;
    if (!isAnew) return this.#emit();
    this.#expected = Math.max(this.#expected, this.#shown);
    // What was found may be gone or different by now.
    this.#search(0);
  }

  #emit(): void {
    this.#rows = null;
    if (!this.#isDisposed) this.#changed.emit();
  }
}
