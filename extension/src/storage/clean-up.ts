import { BottegaError, type Client } from '@bottega/client';
import type { CleanupAnswer, CleanupRequest } from '@bottega/schema';
import { Signal, type ISignal } from '@lumino/signaling';

/** The rules as a person types them. */
export type Rules = Record<keyof Omit<CleanupRequest, 'dry_run'>, string>;

export const defaultRules: Rules = { older_than_days: '30', newest: '100', unused_days: '14' };

export type CleanUpState =
  | { kind: 'open' }
  | { kind: 'previewing' | 'cleaning'; since: number }
  /** What would go by the rules as they are now. */
  | { kind: 'previewed'; answer: CleanupAnswer }
  | { kind: 'done'; answer: CleanupAnswer }
  | { kind: 'failed'; error: BottegaError; during: 'previewing' | 'cleaning' };

/** Whether a rule is a number that makes sense. */
export const isValidRule = (key: keyof Rules, text: string): boolean => {
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) && number >= 0 && (key !== 'newest' || Number.isInteger(number));
};

/** Clean-up in two steps: nothing goes that was not shown before, by the same rules. */
export class CleanUp {
  #rules = defaultRules;
  #state: CleanUpState = { kind: 'open' };
  readonly #changed = new Signal<this, void>(this);

  constructor(readonly client: Pick<Client, 'cleanup'>) {}

  get rules(): Rules {
    return this.#rules;
  }

  get state(): CleanUpState {
    return this.#state;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get areRulesValid(): boolean {
    return (Object.keys(this.#rules) as (keyof Rules)[]).every(key => isValidRule(key, this.#rules[key]));
  }

  get isBusy(): boolean {
    return this.#state.kind === 'previewing' || this.#state.kind === 'cleaning';
  }

  /** A preview holds for the rules it was made with. */
  setRules(rules: Rules): void {
    if (this.isBusy) return;
    this.#rules = rules;
    this.#set({ kind: 'open' });
  }

  async preview(): Promise<void> {
    if (this.isBusy || !this.areRulesValid) return;
    await this.#ask('previewing');
  }

  async clean(): Promise<void> {
    if (this.#state.kind !== 'previewed') return;
    await this.#ask('cleaning');
  }

  async #ask(kind: 'previewing' | 'cleaning'): Promise<void> {
    this.#set({ kind, since: Date.now() });
    const { older_than_days, newest, unused_days } = this.#rules;
    const request = {
      dry_run: kind === 'previewing',
      older_than_days: Number(older_than_days),
      newest: Number(newest),
      unused_days: Number(unused_days)
    };
    try {
      const answer = await this.client.cleanup(request);
      this.#set({ kind: answer.dry_run ? 'previewed' : 'done', answer });
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      this.#set({ kind: 'failed', error, during: kind });
    }
  }

  #set(state: CleanUpState): void {
    this.#state = state;
    this.#changed.emit();
  }
}
