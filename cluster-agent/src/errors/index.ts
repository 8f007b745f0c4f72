export { BottegaError, systemCode, type ErrorOptions } from './bottega-error.js';
