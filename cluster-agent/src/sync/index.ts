export { Sync, type BlobReceiver, type Snapshot, type SyncOptions } from './sync.js';
