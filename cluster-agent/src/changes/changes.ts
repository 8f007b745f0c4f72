import type { StreamMessage } from '@bottega/schema';

/** A record of the ledger that changed, in the words of the stream. */
export type Change = Extract<StreamMessage, { type: 'run' | 'run_deleted' | 'cluster' | 'cluster_deleted' }>;

/** Tells everyone in the agent what changed. Listeners are called at once and must not throw. */
export class Changes {
  private readonly listeners = new Set<(change: Change) => void>();

  /** Returns what ends the listening. */
  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(change: Change): void {
    for (const listener of [...this.listeners]) listener(change);
  }
}
