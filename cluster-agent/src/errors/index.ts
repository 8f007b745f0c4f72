export { asBottegaError, BottegaError, systemCode, type ErrorOptions } from './bottega-error.js';
