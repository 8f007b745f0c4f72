export { tracePlugin } from './plugin.js';
