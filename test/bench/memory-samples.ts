import type { Found } from '../cluster/processes.ts';
import { residentMiB } from './memory.ts';
import { compareThirds, type Result } from './result.ts';

const EVERY_MS = 2_000;

/** Resident memory of some processes in MiB, again and again, until it is disposed of. */
export class MemorySamples {
  readonly #samples = new Map<string, number[]>();
  readonly #timer: NodeJS.Timeout;

  constructor(processes: Record<string, Found | undefined>) {
    this.#timer = setInterval(() => {
      for (const [name, found] of Object.entries(processes)) {
        if (!found) throw new Error(`There is no ${name}.`);
        const samples = this.#samples.get(name) ?? [];
        this.#samples.set(name, samples);
        samples.push(residentMiB(found.pid));
      }
    }, EVERY_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** The last third of the time until now against the first. */
  thirds(): Result[] {
    return [...this.#samples].map(([name, samples]) =>
      compareThirds(`memory of the ${name}, last third`, 'MB', samples)
    );
  }
}
