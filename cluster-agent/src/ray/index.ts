export { RayDashboard, type Head, type JobState } from './dashboard.js';
