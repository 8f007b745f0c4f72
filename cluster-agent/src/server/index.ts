export { buildServer } from './server.js';
export type { Services } from './services.js';
