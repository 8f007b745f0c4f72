import type { IBottega } from '../../agent/index.js';
import { LiveRun } from './live-run.js';

/** Runs that nobody looks at and that are kept for a quick return: a notebook output scrolls out and in again. */
const KEPT = 8;

const registries = new WeakMap<IBottega, LiveRuns>();

/** The runs of one page, so that a panel and an output of the same run share what they have read. */
export class LiveRuns {
  static of(bottega: IBottega): LiveRuns {
    const known = registries.get(bottega) ?? new LiveRuns(bottega);
    registries.set(bottega, known);
    return known;
  }

  readonly #runs = new Map<string, LiveRun>();
  readonly #users = new Map<string, number>();

  private constructor(readonly bottega: IBottega) {
    bottega.ledger.changed.connect((ledger, { run: id, cluster }) => {
      if (cluster !== undefined) return;
      for (const run of id === undefined ? this.#runs.values() : [this.#runs.get(id)]) {
        const record = run && ledger.run(run.id);
        if (record) run.put(record);
        else if (id !== undefined) run?.remove();
      }
    }, this);
  }

  /** The run of an id, the same for everybody; `release` it when it is no longer needed. */
  acquire(id: string): LiveRun {
    const run = this.#runs.get(id) ?? this.#make(id);
    // Last in the order of the map: the one used last.
    this.#runs.delete(id);
    this.#runs.set(id, run);
    this.#users.set(id, (this.#users.get(id) ?? 0) + 1);
    const record = this.bottega.ledger.run(id);
    if (record) run.put(record);
    return run;
  }

  #make(id: string): LiveRun {
    const { client, submissions, trans } = this.bottega;
    return new LiveRun(id, client, trans, () => submissions.get(id) !== undefined);
  }

  release(run: LiveRun): void {
    this.#users.set(run.id, Math.max(0, (this.#users.get(run.id) ?? 0) - 1));
    const unused = [...this.#runs.keys()].filter(id => !this.#users.get(id));
    for (const id of unused.slice(0, Math.max(0, unused.length - KEPT))) {
      this.#runs.delete(id);
      this.#users.delete(id);
    }
  }
}
