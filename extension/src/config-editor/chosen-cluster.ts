import type { IStateDB } from '@jupyterlab/statedb';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Ledger } from '../agent/index.js';

const KEY = '@bottega/lab:config-editor:cluster';

/** The cluster on which runs start: the last one chosen, or else one that is ready. */
export class ChosenCluster {
  #name: string | null = null;
  readonly #changed = new Signal<this, void>(this);

  constructor(
    readonly ledger: Ledger,
    readonly state: IStateDB | null
  ) {
    void state?.fetch(KEY).then(name => {
      if (typeof name === 'string' && this.#name === null) this.#set(name);
    });
  }

  /** Null when there is no cluster at all. */
  get name(): string | null {
    const { clusters } = this.ledger;
    if (this.#name !== null && this.ledger.cluster(this.#name)) return this.#name;
    return (clusters.find(cluster => cluster.state === 'ready') ?? clusters[0])?.name ?? null;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  choose(name: string): void {
    this.#set(name);
    void this.state?.save(KEY, name);
  }

  #set(name: string): void {
    this.#name = name;
    this.#changed.emit();
  }
}
