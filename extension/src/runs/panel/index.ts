export { LogTail } from './log-tail.js';
export { runPanelPlugin } from './plugin.js';
export { queueText } from './run-outcome.js';
export { StartLine } from './start-line.js';
