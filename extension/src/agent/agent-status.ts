import { BottegaError } from '@bottega/client';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { ServerInfo } from './server-info.js';

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 30_000;

/** Whether the agent answers, since when, and why not. Times are milliseconds since the epoch. */
export type AgentState =
  | { kind: 'connecting'; since: number }
  | { kind: 'ready'; since: number; info: ServerInfo }
  | { kind: 'failed'; since: number; error: BottegaError; isRetrying: boolean };

/** Asks for the agent, and again until it answers; what cannot heal by waiting (versions, login) is asked only by hand. */
export class AgentStatus implements IDisposable {
  #state: AgentState = { kind: 'connecting', since: Date.now() };
  readonly #changed = new Signal<this, AgentState>(this);
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: Promise<void> | null = null;
  #isDisposed = false;

  constructor(readonly ask: () => Promise<ServerInfo>) {}

  get state(): AgentState {
    return this.#state;
  }

  get changed(): ISignal<this, AgentState> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Asks now; several callers share one question. */
  check(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asking ??= this.#askOnce().finally(() => (this.#asking = null));
    return this.#asking;
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    Signal.clearData(this);
  }

  async #askOnce(): Promise<void> {
    if (this.#state.kind === 'failed') this.#set({ ...this.#state, isRetrying: true });
    try {
      const info = await this.ask();
      this.#attempt = 0;
      this.#set({ kind: 'ready', since: Date.now(), info });
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      const since = this.#state.kind === 'failed' ? this.#state.since : Date.now();
      this.#set({ kind: 'failed', since, error, isRetrying: false });
      if (!needsPerson(error)) this.#retryLater();
    }
  }

  #retryLater(): void {
    if (this.#isDisposed) return;
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempt) * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => void this.check(), delayMs);
  }

  #set(state: AgentState): void {
    if (this.#isDisposed) return;
    this.#state = state;
    this.#changed.emit(state);
  }
}

const needsPerson = (error: BottegaError): boolean =>
  error.code === 'version_mismatch' || error.code === 'unauthorized' || error.code === 'not_found';
