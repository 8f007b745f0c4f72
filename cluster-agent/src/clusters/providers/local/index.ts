export { LocalProvider, type LocalOptions } from './local.js';
