export { withDefaults } from './defaults.js';
export { suggestion } from './sentence.js';
export { withChanges } from './live.js';
export { problemIn, validateClusterSpec, validateRunConfig, type RunConfigOptions } from './validate.js';
