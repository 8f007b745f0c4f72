export { shellPlugin } from './plugin.js';
