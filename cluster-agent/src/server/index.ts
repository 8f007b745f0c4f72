export { buildServer, type Services } from './server.js';
