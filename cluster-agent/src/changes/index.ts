export { Changes, type Change } from './changes.js';
