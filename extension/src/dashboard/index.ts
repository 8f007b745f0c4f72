export { dashboardPlugin } from './plugin.js';
