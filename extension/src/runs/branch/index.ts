export { branchPlugin } from './plugin.js';
