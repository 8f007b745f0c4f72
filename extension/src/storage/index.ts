export { storagePlugin } from './plugin.js';
