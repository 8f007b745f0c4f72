export { Ledger, type EventBatch, type OwnEvent, type RunSummary } from './ledger.js';
export { joinEvents, type Fold } from './event-table.js';
export { Sweeper } from './sweeper.js';
export type { RunFilter } from './run-list.js';
