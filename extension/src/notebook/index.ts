export { notebookPlugin } from './plugin.js';
