export { applyEvent } from './fold.js';
export { Runs, type RunsOptions } from './runs.js';
export { RunAttendant } from './run-attendant.js';
export { resolveConfig } from './resolve-config.js';
