import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log/index.js';
import type { Ledger } from './ledger.js';

/** Deletes what deleted runs left, a slice at a time and with pauses as long, so that nobody waits for it. */
export class Sweeper {
  private sweeping: Promise<void> | null = null;
  private isOver = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly log: Log
  ) {}

  wake(): void {
    this.sweeping ??= this.sweep()
      .catch((err: unknown) => this.log.warn({ err }, 'what deleted runs left could not be deleted now'))
      .finally(() => (this.sweeping = null));
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    for (;;) {
      // What is asked for in one turn of the event loop is swept after it.
      await delay(1);
      const started = performance.now();
      if (this.isOver || !this.ledger.sweep()) return;
      await delay(performance.now() - started);
    }
  }
}
