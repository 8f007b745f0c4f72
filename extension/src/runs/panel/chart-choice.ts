import type { IStateDB } from '@jupyterlab/statedb';
import { Signal, type ISignal } from '@lumino/signaling';
import type { ChartSpec } from './chart-specs.js';

const KEY = '@bottega/lab:charts';

/** Which charts a person wants to see, in every run panel and also tomorrow. */
export class ChartChoice {
  #chosen = new Map<string, boolean>();
  readonly #changed = new Signal<this, void>(this);

  constructor(readonly state: IStateDB | null) {}

  /** Reads what was chosen before. */
  async restore(): Promise<void> {
    const saved = await this.state?.fetch(KEY);
    if (typeof saved !== 'object' || saved === null || Array.isArray(saved)) return;
    this.#chosen = new Map(Object.entries(saved).map(([metric, isShown]) => [metric, isShown === true]));
    this.#changed.emit();
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  isShown(spec: ChartSpec): boolean {
    return this.#chosen.get(spec.metric) ?? spec.isDefault;
  }

  toggle(spec: ChartSpec): void {
    this.#chosen.set(spec.metric, !this.isShown(spec));
    this.#changed.emit();
    void this.state?.save(KEY, Object.fromEntries(this.#chosen));
  }
}
