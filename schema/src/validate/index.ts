export { suggestion } from './sentence.js';
export { problemIn, validateClusterSpec, validateRunConfig, type RunConfigOptions } from './validate.js';
