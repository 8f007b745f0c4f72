import { BottegaError, type Client } from '@bottega/client';
import type { Run, SubmitRequest } from '@bottega/schema';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Ledger } from './ledger.js';

/** A run that this page has sent and that the agent has not answered yet, or has refused. */
export interface Submission {
  request: SubmitRequest;
  since: number;
  /** Why it was not taken; absent while it is on its way. */
  error?: BottegaError;
}

/** What is on its way to the agent. An accepted run leaves here and is in the ledger. */
export class Submissions {
  readonly #open = new Map<string, Submission>();
  readonly #changed = new Signal<this, string>(this);

  constructor(
    readonly client: Client,
    readonly ledger: Ledger
  ) {}

  get(id: string): Submission | undefined {
    return this.#open.get(id);
  }

  /** Emits the id whose submission began, was accepted or failed. */
  get changed(): ISignal<this, string> {
    return this.#changed;
  }

  /** Sends a run, after what has to be done before; sending it again is the same run. Rejects with `BottegaError`. */
  async submit(request: SubmitRequest, before?: () => Promise<void>): Promise<Run> {
    const submission = { request, since: Date.now() };
    this.#set(request.id, submission);
    try {
      await before?.();
      const run = await this.client.submit(request);
      this.ledger.put({ run });
      this.#open.delete(request.id);
      this.#changed.emit(request.id);
      return run;
    } catch (error) {
      if (error instanceof BottegaError) this.#set(request.id, { ...submission, error });
      else this.#open.delete(request.id);
      throw error;
    }
  }

  /** Forgets a refused run. */
  dismiss(id: string): void {
    if (this.#open.delete(id)) this.#changed.emit(id);
  }

  #set(id: string, submission: Submission): void {
    this.#open.set(id, submission);
    this.#changed.emit(id);
  }
}
