export { traceIcon } from './icon.js';
export { tracePlugin } from './plugin.js';
export { traceTitle } from './title.js';
