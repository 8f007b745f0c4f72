export { CurrentRun } from './current-run.js';
export { runCommandsPlugin } from './plugin.js';
export { RunSection } from './run-section.js';
export { runActionsOf } from './run-facts.js';
export { runUnderMenu } from './run-under-menu.js';
