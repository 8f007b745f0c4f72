export { Searches } from './searches.js';
