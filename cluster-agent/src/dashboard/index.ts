export { DashboardProxy, type DashboardOptions } from './dashboard-proxy.js';
