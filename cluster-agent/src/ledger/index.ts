export { Ledger, type Fold, type OwnEvent, type RunFilter } from './ledger.js';
