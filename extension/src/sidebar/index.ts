export { sidebarPlugin } from './plugin.js';
