export { EngineLink, type LinkEvents } from './engine-link.js';
export { RunMirror } from './run-mirror.js';
