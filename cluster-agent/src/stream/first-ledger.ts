import type { Cluster } from '@bottega/schema';
import type { Ledger } from '../ledger/index.js';

const FIRST_RUNS = 50;
/** Configs may be long; the rest of the list is there by pages. */
const FIRST_BYTES = 256 * 1024;

export interface FirstLedgerOptions {
  ledger: Ledger;
  clusters(): Cluster[];
}

/** What a follower of the ledger hears first; made once for all who come while nothing changes. */
export class FirstLedger {
  private made: string | null = null;

  constructor(private readonly options: FirstLedgerOptions) {}

  changed(): void {
    this.made = null;
  }

  get text(): string {
    return (this.made ??= this.make());
  }

  private make(): string {
    const { ledger, clusters } = this.options;
    let sizeBytes = 0;
    const isFitting = (text: string): boolean => (sizeBytes += Buffer.byteLength(text)) < FIRST_BYTES;
    const runs = ledger.runTexts({ limit: FIRST_RUNS }).texts.filter(isFitting);
    return `{"type":"ledger","clusters":${JSON.stringify(clusters())},"runs":[${runs.join(',')}]}`;
  }
}
