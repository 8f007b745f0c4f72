export { ExistingProvider } from './existing.js';
