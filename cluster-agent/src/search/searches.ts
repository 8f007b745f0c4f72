import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SearchPage, SearchQuery } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { SearchAnswer, SearchTask } from './search-worker.js';

const PAGE_MS = 2_000;
const DEADLINE_MS = 5_000;
const MOST_AT_ONCE = 2;
const MEMORY_MIB = 256;

export interface SearchesOptions {
  /** The file of the ledger. */
  path: string;
  worker?: URL;
  deadlineMs?: number;
}

/**
 * Searches run in threads of their own, which read the ledger by themselves: an expression that never ends holds up
 * nobody, and ends with its thread.
 */
export class Searches {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly options: SearchesOptions) {}

  /** Throws invalid_request for an expression that is none, timeout for one that takes too long, and what the signal has. */
  async search(run: string, query: SearchQuery, signal: AbortSignal): Promise<SearchPage> {
    await this.enter();
    try {
      signal.throwIfAborted();
      return await this.ask(run, query, signal);
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async enter(): Promise<void> {
    if (this.running >= MOST_AT_ONCE) await new Promise<void>(resolve => this.waiting.push(resolve));
    this.running += 1;
  }

  private async ask(run: string, query: SearchQuery, signal: AbortSignal): Promise<SearchPage> {
    const { path, worker: url = new URL('./search-worker.js', import.meta.url) } = this.options;
    const { deadlineMs = DEADLINE_MS } = this.options;
    const task: SearchTask = { path, run, query, pageMs: Math.min(PAGE_MS, deadlineMs / 2) };
    const worker = new Worker(url, { workerData: task, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const [answer] = (await once(worker, 'message', { signal: AbortSignal.any([signal, deadline]) })) as [
        SearchAnswer
      ];
      if ('error' in answer) throw new BottegaError(answer.error.code, answer.error.message);
      return answer.page;
    } catch (error) {
      if (deadline.aborted && !signal.aborted) throw tookTooLong(deadlineMs);
      throw error;
    } finally {
      await worker.terminate();
    }
  }
}

const tookTooLong = (deadlineMs: number): BottegaError =>
  new BottegaError('timeout', `The search was given up after ${deadlineMs / 1000} seconds.`, {
    hint: 'Make the expression simpler: one repetition inside another takes very long on some lines.'
  });
