export { CurrentRun } from './current-run.js';
export { runCommandsPlugin } from './plugin.js';
export { RunSection } from './run-section.js';
