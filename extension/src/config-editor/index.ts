export { configEditorPlugin } from './plugin.js';
