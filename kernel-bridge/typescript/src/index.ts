export { Client } from './client.js';
export { type ConnectionState } from './connection.js';
export { BottegaError } from './error.js';
export { newRunId } from './run-id.js';
export { FollowedRun, hasEnded } from './followed-run.js';
export { type ReadyOptions } from './ready-cluster.js';
export { RunStream, type Disposable, type LedgerMessage, type OnError, type OnEvents } from './stream.js';
export type { Transport, WebSocketLike } from './transport.js';
