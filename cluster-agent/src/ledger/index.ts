export { Ledger, type Fold, type RunFilter } from './ledger.js';
