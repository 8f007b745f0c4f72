export { Sync, type BlobReceiver, type Snapshot, type SyncOptions } from './sync.js';
export { treeOf } from './tree.js';
