export { withDefaults } from './defaults.js';
export { suggestion } from './sentence.js';
export { validateClusterSpec, validateRunConfig, type RunConfigOptions } from './validate.js';
