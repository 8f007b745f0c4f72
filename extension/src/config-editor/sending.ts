import { Signal, type ISignal } from '@lumino/signaling';

/** Whether something of an editor is on its way, so that a second click does not send it again. */
export class Sending {
  #isOn = false;
  readonly #changed = new Signal<this, void>(this);

  get isOn(): boolean {
    return this.#isOn;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Does a piece of work, once at a time: while one is on, another does nothing. */
  async once(work: () => Promise<void>): Promise<void> {
    if (this.#isOn) return;
    this.#set(true);
    try {
      await work();
    } finally {
      this.#set(false);
    }
  }

  #set(isOn: boolean): void {
    this.#isOn = isOn;
    this.#changed.emit();
  }
}
