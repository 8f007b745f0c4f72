import { BottegaError } from '@bottega/client';
import type { Run } from '@bottega/schema';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IBottega } from '../../agent/index.js';

/** The runs that others began from, which are often older than what the list has read. */
export class Origins {
  readonly #asked = new Map<string, 'asked' | 'gone'>();
  readonly #changed = new Signal<this, void>(this);

  constructor(readonly bottega: Pick<IBottega, 'client' | 'ledger'>) {}

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** The run of this id; `undefined` while the agent is asked for it, null when it was deleted. */
  find(id: string): Run | null | undefined {
    const known = this.bottega.ledger.run(id);
    if (known) return known;
    const asked = this.#asked.get(id);
    if (asked === 'gone') return null;
    if (!asked) void this.#ask(id);
    return undefined;
  }

  async #ask(id: string): Promise<void> {
    this.#asked.set(id, 'asked');
    try {
      this.bottega.ledger.remember([await this.bottega.client.run(id)]);
      this.#asked.delete(id);
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      // What did not answer is asked again when the row is drawn anew.
      if (error.code === 'not_found') this.#asked.set(id, 'gone');
      else this.#asked.delete(id);
    }
    this.#changed.emit();
  }
}
