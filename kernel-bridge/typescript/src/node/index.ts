export * from '../index.js';
export { defaultHome, findAgent, startAgent } from './agent-process.js';
export { connect, type ConnectOptions } from './connect.js';
export type { Displayer } from './display.js';
export { LocalClient, type RunRequest } from './local-client.js';
export { UnixTransport } from './unix-transport.js';
