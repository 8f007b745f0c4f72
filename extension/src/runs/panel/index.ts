export { LogTail } from './log-tail.js';
export { runPanelPlugin } from './plugin.js';
export { StartLine } from './start-line.js';
